import Configuration
import Crypto
import Foundation
import Policy
import Receipts
import RelayServer
import StandIn
import TLS
import Testing
import Timing
import WebSocket

/// What the relay leaves on record: of every session and refusal, before audio goes anywhere, and whatever ends the relay.
@Suite("16 Receipts", .overEachHTTP, .timeLimit(.minutes(10))) struct Receipts {
    private let log: ReceiptLog

    init() throws {
        log = try ReceiptLog()
    }

    private func harbour(_ adjust: (inout RelayHarbour.Plan) throws -> Void = { _ in }) throws -> RelayHarbour {
        try RelayHarbour { plan in
            plan.receipts = log.settings()
            try adjust(&plan)
        }
    }

    @Test func aSessionLeavesItsFacts() throws {
        let harbour = try harbour { $0.site = Site(name: "harbour", zone: .eu) }
        let client = harbour.client("acme", "/eu/v3/ws?sample_rate=16000")
        try client.begun()
        for _ in 0..<5 { client.send(binary: [UInt8](repeating: 0, count: 3200)) }
        client.send(text: #"{"type":"Terminate"}"#)
        _ = try client.toTheEnd()
        stop(harbour)

        let receipt = try #require(log.lines(.session).first)
        let opened = try #require(log.lines(.opened).first)
        #expect(opened.number < receipt.number && opened.string("session") == receipt.string("session"))
        let texts = [
            "tenant": "acme", "asked": "eu", "granted": "eu", "decision": "granted", "zone": "eu", "site": "harbour",
            "site_zone": "eu", "policy": "1", "last_policy": "1", "terminated_by": "client",
            "endpoint": "wss://localhost:\(harbour.standIn.ports["eu"] ?? 0)/v3/ws",
        ]
        for (name, text) in texts { #expect(receipt.string(name) == text, "\(name)") }
        #expect(receipt.string("certificate_sha256")?.utf8.count == 64)
        #expect(receipt.string("peer")?.hasSuffix(":\(harbour.standIn.ports["eu"] ?? 0)") == true)
        #expect(receipt.integer("bytes_up").map { $0 >= 16_000 } == true)
        #expect(receipt.integer("frames_up") == 6 && receipt.integer("audio_ms") == 500)
        #expect(receipt.integer("billed_seconds") != nil && receipt.integer("dial_ms") != nil)
        let text = String(decoding: receipt.bytes, as: UTF8.self)
        #expect(text.contains(#""credential":{"kind":"key","name":"main","id":""#))
        #expect(text.contains(#""rules":[{"rule":1,"finding":"holds","#))
    }

    @Test func aRefusalLeavesItsReason() throws {
        let harbour = try harbour()
        let client = harbour.client("acme", "/us/v3/ws")
        _ = try client.toTheEnd()
        _ = try harbour.stranger().toTheEnd()
        stop(harbour)
        let receipts = log.lines(.refusal)
        #expect(receipts.map { $0.string("refusal") } == ["residency", "unauthenticated"])
        #expect(receipts.first?.string("tenant") == "acme" && receipts.last?.string("tenant") == nil)
        #expect(receipts.allSatisfy { $0.string("zone") == nil && $0.string("decision") == "refused" })
        #expect(log.lines(.opened).isEmpty)
    }

    @Test func everyDialIsOnRecordAndEachThatFailed() throws {
        let harbour = try harbour()
        try harbour.takeDown("us")
        let client = harbour.client("initech")
        try client.begun()
        client.close(.normal)
        _ = try client.toTheEnd()
        stop(harbour)
        #expect(log.lines(.opened).map { $0.string("zone") } == ["us", "eu"])
        let receipt = try #require(log.lines(.session).first)
        #expect(receipt.string("zone") == "eu" && receipt.string("granted") == "us")
        #expect(String(decoding: receipt.bytes, as: UTF8.self).contains(#""kind":"connect-failed""#))
    }

    @Test func aLiveSessionIsOnRecordBeforeItIsHeard() throws {
        let harbour = try harbour()
        let client = harbour.client()
        try client.begun()
        // No waiting: what the provider heard of is on record.
        let verdict = log.verdict()
        #expect(verdict.isWhole && !verdict.isClosed)
        #expect(verdict.unfinished.values.map(\.zone) == ["eu"])
        #expect(verdict.unfinished.values.map(\.tenant) == ["acme"])
        client.close(.normal)
        _ = try client.toTheEnd()
        try log.wait { $0.lines(.session).count == 1 }
        #expect(log.verdict().unfinished.isEmpty)
    }

    @Test func sessionsThatAreCutLeaveReceiptsToo() throws {
        let harbour = try harbour()
        let clients = try (0..<4).map { _ in
            let client = harbour.client()
            try client.begun()
            return client
        }
        harbour.relay.stop()
        harbour.relay.wait()
        for client in clients { _ = try client.toTheEnd() }
        #expect(log.lines(.session).map { $0.string("ending") } == Array(repeating: "drained", count: 4))
        expectClosed()
    }

    @Test func manySessionsMakeOneLog() throws {
        let harbour = try harbour()
        for _ in 0..<5 {
            let clients = ["acme", "globex", "initech", "umbrella"].map { harbour.client($0) }
            for client in clients { try client.begun() }
            for client in clients { client.close(.normal) }
            for client in clients { _ = try client.toTheEnd() }
        }
        stop(harbour)
        let verdict = log.verdict()
        #expect(verdict.sessions == 20 && verdict.lines == 43)
    }

    @Test func aRelayThatStartsAgainGoesOnInTheSameLog() throws {
        for _ in 0..<3 { stop(try harbour()) }
        #expect(
            log.lines().map(\.kind.rawValue)
                == Array(repeating: ["started", "checkpoint", "checkpoint"], count: 3).flatMap(\.self))
        #expect(log.lines().map(\.number) == Array(0..<9))
    }

    @Test func twoRelaysDoNotShareAFile() throws {
        let harbour = try harbour()
        #expect(throws: RelayStartError.self) { try self.harbour() }
        stop(harbour)
    }

    @Test func aLogThatWasTamperedWithAtItsEndIsNotContinued() throws {
        stop(try harbour())
        var bytes = log.bytes()
        bytes[bytes.count - 100] ^= 1
        try Data(bytes).write(to: URL(filePath: log.path))
        #expect(throws: RelayStartError.self) { try harbour() }
    }

    @Test func aTornLineIsVouchedForAtTheNextStart() throws {
        stop(try harbour())
        try Data(log.bytes().dropLast(40)).write(to: URL(filePath: log.path))
        let harbour = try harbour()
        _ = try harbour.log.line("receipts-recovered")
        stop(harbour)
        #expect(log.verdict().recovered == 1)
    }

    @Test func aFileThatIsRenamedIsLeftAndTheChainGoesOn() throws {
        let harbour = try harbour()
        let before = harbour.client()
        try before.begun()
        let old = log.folder + "/receipts.1"
        try FileManager.default.moveItem(atPath: log.path, toPath: old)
        try log.wait { FileManager.default.fileExists(atPath: $0.path) }
        before.close(.normal)
        _ = try before.toTheEnd()
        harbour.relay.drain()
        harbour.relay.wait()
        let verdict = log.verdict([old, log.path])
        #expect(verdict.isWhole && verdict.isClosed && verdict.unfinished.isEmpty, "\(verdict.faults)")
        #expect(log.lines(of: old).last?.kind == .checkpoint, "a file that is left ends in a signature")
        #expect(log.lines().map(\.kind) == [.session, .checkpoint])
    }

    /// Drains the relay; what it leaves must be whole, signed and closed.
    private func stop(_ harbour: RelayHarbour) {
        harbour.relay.drain()
        harbour.relay.wait()
        expectClosed()
    }

    private func expectClosed() {
        let verdict = log.verdict()
        #expect(verdict.isWhole && verdict.isClosed && verdict.unsigned == 0, "\(verdict.faults)")
        #expect(verdict.unfinished.isEmpty)
    }
}
