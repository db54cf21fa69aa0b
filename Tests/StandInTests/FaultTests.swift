import Testing

@testable import StandIn

@Suite struct FaultTests {
    @Test(arguments: [
        ("no-answer", Fault(.noAnswer, at: .request)),
        ("slow-101:1500", Fault(.slowAnswer(milliseconds: 1500), at: .request)),
        ("http:503", Fault(.status(503, body: nil), at: .request)),
        ("http:429:{\"error\":\"x\"}", Fault(.status(429, body: "{\"error\":\"x\"}"), at: .request)),
        ("redirect:https://a@b:1/x", Fault(.redirect("https://a@b:1/x"), at: .request)),
        ("extension", Fault(.extensions("permessage-deflate"), at: .request)),
        ("rst", Fault(.reset, at: .open)),
        ("rst@accept", Fault(.reset, at: .accept)),
        ("eof@audio:5", Fault(.end, at: .audio(5))),
        ("raw:8A00ff@begin", Fault(.raw([0x8A, 0x00, 0xFF]), at: .begin)),
        ("close:1008", Fault(.close(1008, reason: ""), at: .open)),
        ("close:4000:go: away@terminate", Fault(.close(4000, reason: "go: away"), at: .terminate)),
        ("error:3005@begin", Fault(.error(3005), at: .begin)),
        ("flood", Fault(.flood(isText: false, bytes: 4096), at: .begin)),
        ("flood:text:100", Fault(.flood(isText: true, bytes: 100), at: .begin)),
        ("fragments:0", Fault(.fragments(bytes: 1), at: .open)),
        ("ping", Fault(.pings(count: 1), at: .begin)),
        ("big:2000000", Fault(.bigMessage(bytes: 2_000_000), at: .begin)),
        ("no-termination", Fault(.noTermination, at: .terminate)),
        ("echo-key:header", Fault(.echoKey(.header), at: .request)),
        ("echo-key:reason", Fault(.echoKey(.reason), at: .open)),
        ("rst-mid-message", Fault(.cutMessage(reset: true), at: .begin)),
        ("text:{\"type\":\"New\"}@begin", Fault(.text("{\"type\":\"New\"}"), at: .begin)),
    ])
    func aFaultIsNamedWithItsArgumentAndMoment(_ text: String, _ fault: Fault) throws {
        #expect(try Fault(text) == fault)
    }

    @Test(arguments: [
        "", "nonsense", "slow-101", "slow-101:x", "slow-101:-1", "http:99", "http:", "rst@audio:0", "rst@never",
        "raw:8", "raw:zz", "close", "close:70000", "flood:sound", "flood:text:0", "big:99999999999", "echo-key:",
    ])
    func whatIsNoFaultIsRefused(_ text: String) {
        #expect(throws: Fault.Unknown(text: text)) { try Fault(text) }
    }

    @Test func severalFaultsAreSeparatedByCommas() throws {
        #expect(
            try Fault.list("slow-begin:20,ping:3@audio:2") == [
                Fault(.slowBegin(milliseconds: 20)), Fault(.pings(count: 3), at: .audio(2)),
            ])
        #expect(try Fault.list("").isEmpty)
    }
}
