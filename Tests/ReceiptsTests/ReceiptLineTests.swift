import JSON
import Policy
import Receipts
import Testing

@Suite struct ReceiptLineTests {
    @Test func aLineIsOneObjectInOneOrder() throws {
        var chain = ReceiptChain()
        let line = String(decoding: chain.append(.lost(2, time: noon), digest: sha256), as: UTF8.self)
        let body = #"{"n":0,"kind":"lost","previous":"\#(ReceiptLine.none)","time":"\#(noon)","count":2"#
        #expect(line == body + #","hash":"\#(hash(Array(body.utf8)))"}"# + "\n")
    }

    @Test func everyKindIsReadBack() throws {
        var scribe = Scribe.sample()
        scribe.add(.recovered(.init(time: noon, bytes: 3, hash: "ab")))
        let lines = try scribe.lines.map { try #require(parsed($0)) }
        #expect(Set(lines.map(\.kind)) == Set(ReceiptEntry.Kind.allCases))
        #expect(lines.allSatisfy { $0.isWhole && $0.string("previous") == $0.previous })
        #expect(lines.last?.integer("bytes") == 3 && lines.last?.string("sha256") == "ab")
        #expect(lines[10].boolean("closing") == true && lines[1].boolean("closing") == nil)
    }

    @Test func aReceiptHasItsFactsUnderTheirNames() throws {
        var scribe = Scribe()
        var token = Receipt.sampleRefusal
        token.request = .token
        scribe.add(.receipt(.sample(0)), .receipt(.sampleRefusal), .receipt(token))
        let lines = try scribe.lines.map { try #require(parsed($0)) }
        let texts = [
            "session": "session-0", "start": noon, "tenant": "acme", "asked": "eu", "decision": "granted",
            "granted": "eu", "site": "eu-west-1a", "site_zone": "eu", "policy": "1", "last_policy": "2", "zone": "eu",
            "endpoint": "wss://eu.example/v3/ws", "peer": "192.0.2.1:443", "terminated_by": "client",
            "certificate_sha256": String(repeating: "ab", count: 32), "ending": "client-closed",
        ]
        for (name, text) in texts { #expect(lines[0].string(name) == text, "\(name)") }
        let numbers = [
            "duration_ms": 5250, "dial_ms": 90, "frames_up": 50, "bytes_up": 160_000, "frames_down": 9,
            "bytes_down": 4321, "audio_ms": 5000, "billed_seconds": 5, "close_code": 1000,
        ]
        for (name, number) in numbers { #expect(lines[0].integer(name) == number, "\(name)") }
        #expect(lines[1].kind == .refusal && lines[1].string("refusal") == "residency")
        #expect(lines[1].string("decision") == "refused" && lines[1].string("zone") == nil)
        #expect(lines.map { $0.string("request") } == [nil, nil, "token"])
    }

    @Test(arguments: ["\"", "\\", "\n\r\0", "é😀\u{2028}", "\",\"hash\":\"", "}\n{\"n\":0"])
    func nothingAPeerSentBecomesStructure(text: String) throws {
        var receipt = Receipt.sampleRefusal
        receipt.origin = text
        var scribe = Scribe()
        scribe.add(.receipt(receipt))
        #expect(!scribe.lines[0].contains(0x0A))
        let line = try #require(parsed(scribe.lines[0]))
        #expect(line.isWhole && line.string("origin") == text && line.string("refusal") == "residency")
    }

    @Test func whatHasNotTheFormOfALineIsNone() {
        let line = Scribe.sample().lines[0]
        for length in line.indices {
            let piece = Array(line.prefix(length))
            #expect(parsed(piece) == nil)
            #expect(mayBegin(piece) && !endsAsLine(piece))
        }
        #expect(endsAsLine(line))
        #expect(!mayBegin(Array("{}".utf8)))
        for text in ["", "{}", #"{"n":99999999999999999999,"kind"#, #"{"n":01,"kind":"lost""#] {
            #expect(parsed(Array(text.utf8)) == nil)
        }
    }
}
