import Configuration
import Crypto
import HTTP
import Policy
import Reactor
import RelayCore
import RelayServer
import RelayTestKit
import StandIn
import TLS
import Testing
import Timing

/// How an endpoint is reached when some of what leads to it is broken, and what is never reached on the way.
@Suite("18 Dial", .timeLimit(.minutes(10))) struct Dial {
    // MARK: Addresses

    @Test func addressesThatAnswerNothingCostAMomentEach() throws {
        let holes = BlackHoles()
        let harbour = try RelayHarbour { plan in
            try plan.nameEU("stt.provider.test", at: ["127.0.0.7", "127.0.0.8", "127.0.0.1"])
            plan.adjustingZones { zone, ports in
                guard zone.zone == .eu else { return }
                for host in ["127.0.0.7", "127.0.0.8"] { try holes.open(host, port: ports["eu"] ?? 0) }
            }
        }
        try harbour.client().begun()
        let line = try harbour.log.line("session-opened")
        let address = try #require(line["address"]?.string)
        #expect(address.hasPrefix("127.0.0.1:"))
        #expect(harbour.acceptedAnywhere == 1)
    }

    @Test func ofTwoThatAnswerOneWinsAndTheOtherIsDroppedWithoutARequest() throws {
        let holes = BlackHoles()
        let harbour = try RelayHarbour { plan in
            // Nothing listens at the first; the second is silent, and the third answers while it is.
            try plan.nameEU("stt.provider.test", at: ["127.0.0.6", "::1", "127.0.0.7", "127.0.0.1"])
            plan.adjustingZones { zone, ports in
                if zone.zone == .eu { try holes.open("127.0.0.7", port: ports["eu"] ?? 0) }
            }
        }
        for _ in 1...3 { try harbour.client().begun() }
        #expect(harbour.ledger.snapshot.requests.count == 3)
    }

    @Test func whenAllFailTheDialFailsWithAllTheirReasons() throws {
        let harbour = try RelayHarbour { plan in
            try plan.nameEU("stt.provider.test", at: ["127.0.0.6", "10.9.8.7", "127.0.0.7", "169.254.169.254"])
        }
        try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client())
        let line = try harbour.log.line("dial-failed")
        // None of the zone's networks holds two of them; that tells more than that nobody listens.
        #expect(line["kind"] == "address-forbidden" && line["reason"] == "address-unlisted" && line["level"] == "error")
        let detail = try #require(line["detail"]?.string)
        for host in ["127.0.0.6", "10.9.8.7", "127.0.0.7", "169.254.169.254"] { #expect(detail.contains(host)) }
        #expect(harbour.acceptedAnywhere == 0)
    }

    @Test func anAddressWhoseCertificateIsAnothersLosesLoudlyToOneThatIsVerified() throws {
        let port = try ClosedPorts().reserve()
        let harbour = try RelayHarbour { plan in
            try plan.nameEU("stt.provider.test", at: ["127.0.0.2", "127.0.0.1"])
            try plan.place(["eu": "127.0.0.1", "us": "127.0.0.2"], port: port)
        }
        try harbour.client().begun()
        let line = try harbour.log.line("verification-failed")
        #expect(line["reason"] == "certificate-wrong-name" && line["level"] == "error")
        #expect(harbour.ledger.snapshot.requests.map(\.zone) == ["eu"])
    }

    // MARK: Names that move

    @Test func aProviderThatMovedIsFoundPastWhatIsKeptOfItsName() throws {
        let answers = Answers(["127.0.0.6"], ["127.0.0.1"])
        let harbour = try RelayHarbour { plan in
            try plan.nameEU("stt.provider.test", at: [])
            plan.resolver = Resolver { _ in answers.next() }
        }
        // The first dial was given a fresh answer, and knows no better one; the second was given a kept one.
        try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client())
        #expect(answers.count == 1)
        try harbour.client().begun()
        #expect(answers.count == 2)
    }

    @Test(arguments: [
        ("127.0.0.1", "address-loopback"), ("169.254.169.254", "address-link-local"), ("10.0.0.1", "address-private"),
        ("::1", "address-loopback"), ("fe80::1", "address-link-local"), ("fd00::1", "address-private"),
        ("0.0.0.0", "address-unusable"),
    ])
    func aNameThatTurnsInwardIsNamed(address: String, reason: String) throws {
        let clock = TurningClock()
        let answers = Answers(["203.0.113.7"], [address])
        let harbour = try RelayHarbour { plan in
            try plan.nameEU("stt.provider.test", at: [])
            // Each question finds what was kept too old.
            plan.resolver = Resolver(lookup: { _ in answers.next() }, clock: { clock.later() })
            plan.adjustingZones { zone, _ in zone.verify.networks = [] }
        }
        for reason in ["address-private", reason] {
            try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client())
            let line = try harbour.log.line("dial-failed") { $0["reason"]?.string == reason }
            #expect(line["kind"] == "address-forbidden")
        }
        #expect(harbour.acceptedAnywhere == 0)
    }

    @Test func aNameThatTurnsToAnotherZonesServerIsNotSentAByte() throws {
        let port = try ClosedPorts().reserve()
        let clock = TurningClock()
        let answers = Answers(["127.0.0.1"], ["127.0.0.2"])
        let harbour = try RelayHarbour { plan in
            try plan.nameEU("stt.provider.test", at: [])
            plan.resolver = Resolver(lookup: { _ in answers.next() }, clock: { clock.later() })
            try plan.place(["eu": "127.0.0.1", "us": "127.0.0.2"], port: port)
        }
        try harbour.client().begun()
        try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client())
        #expect(try harbour.log.line("dial-failed")["reason"] == "certificate-wrong-name")
        #expect(harbour.ledger.snapshot.requests.map(\.zone) == ["eu"])
    }

    // MARK: Who it is

    static let impostors: [(Certificate, String)] = [
        (.named("example.com"), "certificate-wrong-name"), (.expired, "certificate-expired"),
        (.future, "certificate-not-yet-valid"), (.selfSigned, "certificate-unknown-authority"),
        (.unknownAuthority, "certificate-unknown-authority"), (.notPinned, "pin-mismatch"),
    ]

    @Test(arguments: impostors)
    func aFailedVerificationIsNamedCountedAndSentNothing(certificate: Certificate, reason: String) throws {
        let harbour = try RelayHarbour { plan in
            try plan.openAdmin()
            let authority = plan.authority
            try plan.adjustStandIns("eu") { $0.tls = try certificate.context(authority) }
            guard certificate == .notPinned else { return }
            plan.adjustingZones { zone, _ in zone.verify.pins = [Digest.sha256(Array("another key".utf8))] }
        }
        try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client())
        for event in ["verification-failed", "dial-failed"] {
            let line = try harbour.log.line(event)
            #expect(line["reason"]?.string == reason && line["level"] == "error" && line["zone"] == "eu")
        }
        let metrics = try harbour.metrics()
        #expect(metrics["tidegate_verification_failures_total", ["zone": "eu", "reason": reason]] == 1)
        #expect(metrics["tidegate_dial_failures_total", ["zone": "eu", "kind": reason]] == 1)
        #expect(harbour.ledger.snapshot.requests.isEmpty)
    }

    @Test func aRedirectIsAnAlarmToo() throws {
        let harbour = try RelayHarbour()
        harbour.standIn.fail("eu", with: [StandIn.Fault(.redirect("wss://elsewhere.example/"))])
        try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client())
        let line = try harbour.log.line("dial-failed")
        #expect(line["kind"] == "redirected" && line["level"] == "error")
    }

    // MARK: Endpoints that are known to be down

    @Test func anEndpointThatFailedAgainAndAgainIsPassedOver() throws {
        let harbour = try RelayHarbour { $0.breakers = Breaker.Rules(threshold: 3, pause: .seconds(600)) }
        harbour.standIn.fail("us", with: [StandIn.Fault(.status(503, body: nil))])
        for _ in 1...6 { try harbour.client("initech").begun() }
        #expect(harbour.accepted(in: "us") == 3 && harbour.accepted(in: "eu") == 6)
        let line = try harbour.log.line("breaker-opened")
        #expect(line["zone"] == "us" && line["level"] == "error")
        #expect(harbour.status(of: .us).map(\.state) == [.open])
        #expect(harbour.status(of: .eu).map(\.state) == [.closed])
        #expect(harbour.accepted(in: "edge") == 0)
    }

    @Test func whenNothingElseIsGrantedTheRequestIsRefusedBeforeThe101() throws {
        let harbour = try RelayHarbour {
            $0.breakers = Breaker.Rules(threshold: 2, pause: .seconds(20), longestPause: .seconds(20))
        }
        try harbour.takeDown("eu")
        for _ in 1...2 { try harbour.expectRefusal("upstream-unavailable", code: 4503, of: harbour.client()) }
        let event = try harbour.client().event()
        guard case .answered(let head, _) = event else { throw StandInClient.Unexpected(event) }
        #expect(head.status == 503)
        #expect(head.fields.first("Content-Type") == "application/problem+json")
        let retryAfter = try #require(head.fields.first("Retry-After").flatMap { Int($0) })
        #expect((1...20).contains(retryAfter))
        // A page cannot read a status.
        let page = harbour.client(fields: ["Origin": HarbourTenant.origin])
        try harbour.expectRefusal("upstream-unavailable", code: 4503, of: page)
        #expect(harbour.accepted(in: "us") + harbour.accepted(in: "edge") == 0)
        // Whoever may be heard elsewhere is.
        try harbour.client("initech").begun()
    }

    @Test func anEndpointThatIsWellAgainIsFoundByOneTrial() throws {
        let harbour = try RelayHarbour {
            $0.breakers = Breaker.Rules(threshold: 1, pause: .milliseconds(20), longestPause: .milliseconds(20))
        }
        try harbour.takeDown("eu")
        _ = try harbour.client().toTheEnd()
        #expect(try harbour.log.line("breaker-opened")["zone"] == "eu")
        harbour.standIn.bringUp("eu")
        var isServed = false
        while !isServed {
            let client = harbour.client()
            isServed = client.rest(within: .milliseconds(50)).messages.contains { $0["type"] == "Begin" }
        }
        _ = try harbour.log.line("breaker-half-opened")
        #expect(try harbour.log.line("breaker-closed")["zone"] == "eu")
        for _ in 1...5 { try harbour.client().begun() }
    }

    @Test func whatIsKnownOfAnEndpointOutlivesAReload() throws {
        let harbour = try RelayHarbour { $0.breakers = Breaker.Rules(threshold: 1, pause: .seconds(600)) }
        harbour.standIn.fail("us", with: [StandIn.Fault(.status(503, body: nil))])
        try harbour.client("initech").begun()
        try harbour.reload { $0.limits.messageBytes = 64 << 10 }
        try harbour.client("initech").begun()
        #expect(harbour.accepted(in: "us") == 1)
        #expect(harbour.status(of: .us).map(\.state) == [.open])
    }
}

// MARK: - Answers that change

/// Answers to look-ups, one after another; the last stays. Thread-safe.
private final class Answers: Sendable {
    private let state: Monitor<(left: [[String]], count: Int)>

    init(_ answers: [String]...) { state = Monitor((answers, 0)) }

    /// Look-ups up to now.
    var count: Int { state.snapshot.count }

    func next() -> Resolver.Answer {
        let hosts = state.update { state -> [String] in
            state.count += 1
            return state.left.count > 1 ? state.left.removeFirst() : state.left.first ?? []
        }
        return .success(hosts.compactMap { SocketAddress(literal: $0, port: 0) })
    }
}

/// A clock on which an hour passes between any two looks. Thread-safe.
private final class TurningClock: Sendable {
    private let now = Monitor(Instant(nanoseconds: 0))

    func later() -> Instant {
        now.update { now in
            now = now + .seconds(3600)
            return now
        }
    }
}

// MARK: - Plans

extension RelayHarbour.Plan {
    /// Has zone `eu` reached by a name that resolves to these addresses.
    fileprivate mutating func nameEU(_ name: String, at hosts: [String]) throws {
        resolver = Resolver { _ in .success(hosts.compactMap { SocketAddress(literal: $0, port: 0) }) }
        try rename("eu", to: name)
        adjustingZones { zone, ports in
            guard zone.zone == .eu else { return }
            zone.endpoints = [try Endpoint("wss://\(name):\(ports["eu"] ?? 0)/v3/ws", in: .eu)]
            zone.verify.networks = ["127.0.0.0/8", "::1/128"].compactMap { Network($0) }
        }
    }

    /// Adds to what changes the zones' settings.
    fileprivate mutating func adjustingZones(
        _ adjust: @escaping (inout ZoneSettings, [String: UInt16]) throws -> Void
    ) {
        let before = adjustZone
        adjustZone = { zone, ports in
            try before(&zone, ports)
            try adjust(&zone, ports)
        }
    }

    /// Has servers listen at addresses of their own, on one port.
    fileprivate mutating func place(_ hosts: [String: String], port: UInt16) throws {
        for (name, host) in hosts {
            adjustStandIns(name) { $0.address = SocketAddress(literal: host, port: port) ?? $0.address }
        }
    }
}

extension RelayHarbour {
    fileprivate func status(of zone: Zone) -> [EndpointHealth.Status] {
        relay.health.states().filter { $0.endpoint.zone == zone }
    }
}

/// Certificates that do not prove what they should.
enum Certificate: Equatable, Sendable {
    case named(String)
    case expired, future, selfSigned, unknownAuthority, notPinned

    fileprivate func context(_ authority: ThrowawayAuthority) throws -> TLSServerContext {
        let names = ["localhost"]
        let issued =
            switch self {
            case .named(let name): authority.issue(names: [name])
            case .expired: authority.issue(names: names, validity: .expired)
            case .future: authority.issue(names: names, validity: .future)
            case .selfSigned: ThrowawayAuthority.selfSigned(names: names)
            case .unknownAuthority: ThrowawayAuthority(name: "Elsewhere").issue(names: names)
            case .notPinned: authority.issue(names: names)
            }
        return try TLSServerContext(
            certificates: [
                TLSCertificate(chainPEM: issued.chainPEM, keyPEM: Secret(issued.keyPEM), mayBeExpired: true)
            ], minimumVersion: .tls13)
    }
}
