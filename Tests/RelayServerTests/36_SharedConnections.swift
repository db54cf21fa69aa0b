import Configuration
import HTTP
import HTTP2
import Policy
import RelayTestKit
import StandIn
import Testing
import WebSocket

/// A hundred sessions on one HTTP/2 connection, of which one does not get on: it waits alone, what it makes wait is bounded,
/// and nothing of it is lost.
@Suite("36 Shared connections", .overHTTP1Alone, .timeLimit(.minutes(10))) struct SharedConnections {
    /// More than the buffers of the relay, the systems' and the stand-in take.
    static let flood = frames(500, of: 32_000)
    static let sessionCount = 100

    @Test func aSessionWhoseClientTakesNothingHoldsUpNoOther() throws {
        let harbour = try RelayHarbour { $0.makePatient() }
        let (connection, stalled, others) = try harbour.crowd(with: "umbrella")
        connection.hold(stalled)
        connection.send(Self.flood.sent, on: stalled)
        let waiting = try others.untilItRests { connection.queuedBytes(of: stalled) }
        #expect(waiting > 0)
        #expect(stalled.heard.count <= SharedConnection.windowBytes)
        try others.goAround(times: 20)
        #expect(connection.queuedBytes(of: stalled) == waiting)

        connection.release(stalled)
        try connection.listen { stalled.heard.count >= Self.flood.heard.count }
        expectSame(stalled.heard, Self.flood.heard)
        try others.goAround(times: 1)
        #expect(connection.goAway == nil)
    }

    @Test func aSessionWhoseProviderReadsNothingHoldsUpNoOther() throws {
        let upstream = try PatientUpstream()
        let harbour = try RelayHarbour { $0.makePatient(upstream) }
        let (connection, stalled, others) = try harbour.crowd(with: "acme")
        connection.send(Self.flood.sent, on: stalled)
        let waiting = try others.untilItRests { connection.queuedBytes(of: stalled) }
        #expect(waiting > Self.flood.sent.count / 2)
        try others.goAround(times: 20)
        #expect(connection.queuedBytes(of: stalled) == waiting)

        upstream.read()
        try connection.listen { stalled.isOver || connection.queuedBytes(of: stalled) == 0 }
        #expect(!stalled.isOver)
        _ = upstream.hears(Self.flood.sent.count)
        expectSame(upstream.heard, Self.flood.sent)
        try others.goAround(times: 1)
        #expect(connection.goAway == nil)
    }

    @Test func aRequestThatIsTakenBackBeforeItsTurnCostsNoSession() throws {
        let harbour = try RelayHarbour {
            $0.makePatient()
            try $0.openAdmin()
        }
        let connection = try SharedConnection(to: harbour)
        try connection.openAndReset(50, key: harbour.key(of: "umbrella"))
        let session = try connection.open(key: harbour.key(of: "umbrella"))
        try connection.listen { session.answer != nil }
        #expect(session.answer?.status == 200)
        #expect(try harbour.metrics()["tidegate_decisions_total", ["decision": "granted", "zone": "edge"]] == 1)
    }

    @Test func aConnectionThatEndsForAFaultIsCountedByIt() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let faults: [(bytes: [UInt8], code: HTTP2ErrorCode, reason: String)] = [
            (Array(repeatElement(HTTP2Frame.settings(), count: 1200).joined()), .enhanceYourCalm, "sent-settings"),
            (HTTP2Frame.frame(.ping, stream: 1, [UInt8](repeating: 0, count: 8)), .protocolError, "protocol-error"),
        ]
        for fault in faults {
            let connection = try SharedConnection(to: harbour)
            connection.inject(fault.bytes)
            try connection.listen { connection.goAway != nil }
            #expect(connection.goAway == fault.code)
            let ended = try harbour.metrics()["tidegate_http2_connections_ended_total", ["reason": fault.reason]]
            #expect(ended == 1)
        }
    }

    /// Compares without writing down what differs, which is large.
    private func expectSame(_ heard: [UInt8], _ expected: [UInt8]) {
        #expect(heard.count == expected.count)
        let isSame = heard == expected
        #expect(isSame)
    }

    /// Frames as a client sends them, and as they come back from an echo.
    static func frames(_ count: Int, of bytes: Int) -> (sent: [UInt8], heard: [UInt8]) {
        var random = RandomFrames(seed: 36)
        return (0..<count).reduce(into: ([], [])) { all, _ in
            let payload = random.bytes(bytes)
            all.0 += FrameSerializer.frame(opcode: .binary, payload: payload, mask: random.mask())
            all.1 += FrameSerializer.frame(opcode: .binary, payload: payload)
        }
    }
}

extension RelayHarbour.Plan {
    /// Makes neighbours, and lets whoever is slow be slow for as long as it takes.
    fileprivate mutating func makePatient(_ upstream: PatientUpstream? = nil) {
        makeNeighbours()
        timeouts.stall = .seconds(3600)
        timeouts.ping = .seconds(3600)
        guard let port = upstream?.port else { return }
        let adjust = adjustZone
        adjustZone = { zone, ports in
            try adjust(&zone, ports)
            guard zone.zone == .eu else { return }
            zone.provider = .generic
            zone.endpoints = [try Endpoint("ws://127.0.0.1:\(port)/", in: .eu)]
        }
    }
}

extension RelayHarbour {
    /// As many sessions as one connection may have, open: one of `tenant`'s, and others whose provider sends back what it
    /// hears.
    fileprivate func crowd(
        with tenant: String
    ) throws -> (connection: SharedConnection, one: SharedConnection.Session, others: Crowd) {
        let connection = try SharedConnection(to: self)
        let others = try (1..<SharedConnections.sessionCount).map { _ in try connection.open(key: key(of: "umbrella")) }
        let one = try connection.open(key: key(of: tenant))
        try connection.listen { (others + [one]).allSatisfy { $0.answer != nil } }
        for session in others + [one] { try #require(session.answer?.status == 200) }
        return (connection, one, Crowd(connection: connection, sessions: others))
    }
}

/// Sessions of one connection that go on.
private final class Crowd {
    private let connection: SharedConnection
    private let sessions: [SharedConnection.Session]
    private var random = RandomFrames(seed: 99)
    /// What each has been sent back.
    private var echo: [UInt8] = []

    init(connection: SharedConnection, sessions: [SharedConnection.Session]) {
        self.connection = connection
        self.sessions = sessions
    }

    /// Lets every session send a message and hear it back.
    func goAround(times: Int) throws {
        for _ in 0..<times {
            let payload = random.bytes(random.size(4000))
            let frame = FrameSerializer.frame(opcode: .binary, payload: payload, mask: random.mask())
            for session in sessions { connection.send(frame, on: session) }
            echo += FrameSerializer.frame(opcode: .binary, payload: payload)
            try connection.listen { sessions.allSatisfy { $0.isOver || $0.heard.count >= echo.count } }
            for session in sessions {
                let isWhole = !session.isOver && session.heard == echo
                try #require(isWhole)
            }
        }
    }

    /// Goes around until `value` stays the same meanwhile; returns it.
    func untilItRests<Value: Equatable>(_ value: () -> Value) throws -> Value {
        var last = value()
        while true {
            try goAround(times: 5)
            let next = value()
            if next == last { return last }
            last = next
        }
    }
}
