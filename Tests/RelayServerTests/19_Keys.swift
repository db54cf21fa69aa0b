import Configuration
import Foundation
import Policy
import RelayServer
import RelayTestKit
import StandIn
import Testing
import WebSocket

/// Which provider key is shown to whom, and what a refused one costs: the operator a line in the log, the client nothing.
@Suite("19 Keys", .overEachHTTP, .timeLimit(.minutes(10))) struct Keys {
    private static let old = "key-eu-before-the-rotation-0001"
    private static let own = "key-of-acme-itself-0001"

    @Test func aKeyRefusedInBandIsReplacedUnnoticed() throws {
        let harbour = try RelayHarbour { try $0.rotate(to: Self.old) }
        let client = harbour.client()
        try client.opened()
        for number in 0..<20 {
            client.send(binary: [UInt8](repeating: UInt8(number), count: 1600))
            client.send(text: #"{"type":"UpdateConfiguration","min_turn_silence":\#(200 + number)}"#)
        }
        client.send(text: #"{"type":"Terminate"}"#)
        let messages = try client.toTheEnd().messages
        #expect(messages.first?["type"] == "Begin" && messages.last?["type"] == "Termination")
        #expect(!messages.contains { $0["type"] == "Error" })

        let sessions = try harbour.wait { ledger in
            ledger.sessions.allSatisfy { $0.connectionEnd != nil } ? ledger.sessions : nil
        }
        #expect(sessions.map(\.keyName) == [nil, "old"] && sessions.map(\.hasBegun) == [false, true])
        var sent = Traffic()
        for number in 0..<20 {
            sent.count(.binary, fin: true, payload: [UInt8](repeating: UInt8(number), count: 1600))
            let text = #"{"type":"UpdateConfiguration","min_turn_silence":\#(200 + number)}"#
            sent.count(.text, fin: true, payload: Array(text.utf8))
        }
        sent.count(.text, fin: true, payload: Array(#"{"type":"Terminate"}"#.utf8))
        #expect(sessions.last?.received.digest == sent.digest)
        #expect(client.inbox.snapshot.received.digest == sessions.last?.sent.digest)

        let line = try harbour.log.line("key-rejected")
        #expect(line["which_key"] == "current" && line["zone"] == "eu" && line["level"] == "error")
    }

    @Test(arguments: [401, 403], [ZoneSettings.Provider.assemblyai, .generic])
    func aKeyRefusedAtTheUpgradeIsReplacedForEveryProvider(status: Int, provider: ZoneSettings.Provider) throws {
        let harbour = try RelayHarbour { plan in
            if provider == .generic { plan.useEcho() }
            try plan.rotate(to: Self.old)
        }
        harbour.standIn.fail("eu", with: [StandIn.Fault(.status(status, body: "No."))], times: 1)
        let client = harbour.client()
        if provider == .generic {
            try client.opened()
            #expect(try client.roundTrip("hello"))
        } else {
            try client.begun()
        }
        #expect(harbour.ledger.snapshot.requests.last?.authorization == ["{key:old}"])
        #expect(harbour.accepted(in: "eu") == 2)
    }

    @Test func whenBothKeysAreRefusedTheClientIsTold() throws {
        let harbour = try RelayHarbour { plan in
            try plan.openAdmin()
            try plan.rotate(to: Self.old)
            plan.adjustStandIns("eu") { $0.keys = ProviderKeys([("third", "key-that-nobody-has-0001")]) }
        }
        try harbour.expectRefusal("upstream-refused", code: 4502, of: harbour.client())
        let metrics = try harbour.metrics()
        for key in ["current", "previous"] {
            _ = try harbour.log.line("key-rejected") { $0["which_key"]?.string == key }
            #expect(metrics["tidegate_provider_keys_refused_total", ["zone": "eu", "key": key]] == 1)
        }
        #expect(harbour.accepted(in: "eu") == 2)
        #expect(harbour.accepted(in: "us") + harbour.accepted(in: "edge") == 0)
    }

    @Test func aTenantsOwnKeyIsShownInsteadOfTheZones() throws {
        let harbour = try RelayHarbour { plan in
            try plan.giveAcmeItsOwn(Self.own)
            let zoneKey = plan.providerKeys["eu"] ?? ""
            plan.adjustStandIns("eu") { $0.keys = ProviderKeys([("own", Self.own), ("eu", zoneKey)]) }
        }
        try harbour.client("acme").begun()
        #expect(try harbour.session { $0.hasBegun }.keyName == "own")
        try harbour.client("initech", "/eu/v3/ws").begun()
        #expect(
            try harbour.wait { $0.sessions(in: "eu").count == 2 ? $0.sessions(in: "eu").last : nil }.keyName == "eu")
    }

    @Test func aTenantsOwnKeyHasNoOtherBehindIt() throws {
        let harbour = try RelayHarbour { plan in
            try plan.rotate(to: Self.old)
            try plan.giveAcmeItsOwn(Self.own)
        }
        try harbour.expectRefusal("upstream-refused", code: 4502, of: harbour.client("acme"))
        #expect(harbour.accepted(in: "eu") == 1)
        // The zone's keys are the other tenants'.
        try harbour.client("initech", "/eu/v3/ws").begun()
    }

    @Test(arguments: [StandIn.Fault.Place.message, .reason])
    func neitherKeyReachesTheClient(place: StandIn.Fault.Place) throws {
        let harbour = try RelayHarbour { try $0.rotate(to: Self.old) }
        harbour.standIn.fail("eu", with: [StandIn.Fault(.echoKey(place), at: .begin)])
        let client = try harbour.wire()
        client.request(key: harbour.key(of: "acme"))
        var told = try client.readHead()
        client.send(.binary, [UInt8](repeating: 0, count: 3200))
        client.send(.text, Array(#"{"type":"Terminate"}"#.utf8))
        while true {
            let frame = try client.readFrame()
            told += frame.text
            guard frame.opcode == .close else { continue }
            client.send(.close, frame.payload)
            break
        }
        #expect(told.contains("Begin"))
        for key in [Self.old, harbour.providerKeys["eu"] ?? ""] { #expect(!told.contains(key)) }
        for line in harbour.log.text { #expect(!line.contains(Self.old)) }
    }
}

extension RelayHarbour.Plan {
    /// Has the relay hold a key for `eu` that the server does not know yet, and the one before it.
    fileprivate mutating func rotate(to old: String) throws {
        let file = try write(old, as: "previous-key")
        let before = adjustZone
        adjustZone = { zone, ports in
            try before(&zone, ports)
            if zone.zone == .eu { zone.previousKey = .file(file) }
        }
        adjustStandIns("eu") { $0.keys = ProviderKeys([("old", old)]) }
    }

    fileprivate mutating func giveAcmeItsOwn(_ key: String) throws {
        tenantKeys[try #require(TenantName("acme"))] = [.eu: .file(try write(key, as: "own-key"))]
    }

    private func write(_ secret: String, as name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try secret.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
