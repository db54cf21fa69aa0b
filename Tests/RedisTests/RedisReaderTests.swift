import RelayTestKit
import Testing

@testable import Redis

@Suite struct RedisReaderTests {
    private func reader() throws -> RedisReader { try #require(RedisReader()) }

    private func read(_ text: String, inPiecesOf size: Int = .max) throws -> [RedisReply] {
        let reader = try reader()
        var replies: [RedisReply] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            try reader.receive(Array(rest.prefix(size)).span.bytes)
            rest = rest.dropFirst(size)
            while let reply = try reader.next() { replies.append(reply) }
        }
        return replies
    }

    private static let everything =
        "+OK\r\n-WRONGPASS no\r\n:-42\r\n$5\r\nhello\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n*3\r\n:1\r\n*1\r\n$1\r\nx\r\n$-1\r\n"
    private static let all: [RedisReply] = [
        .status("OK"), .error("WRONGPASS no"), .integer(-42), .bulk(Array("hello".utf8)), .bulk([]), .null, .null,
        .array([]), .array([.integer(1), .array([.bulk([0x78])]), .null]),
    ]

    @Test(arguments: [1, 2, 3, 7, .max]) func everyKindIsReadHoweverItIsSplit(size: Int) throws {
        #expect(try read(Self.everything, inPiecesOf: size) == Self.all)
    }

    @Test(arguments: ["hello\r\n", "*x\r\n", ":one\r\n", "$-5\r\n", "?\r\n", "*2\r\n:1\r\n!\r\n"])
    func whatIsNoReplyIsRefused(text: String) {
        #expect(throws: RedisError.malformed) { try read(text) }
    }

    @Test func aServerThatAnnouncesTooManyItemsGetsNoMemoryForThem() throws {
        #expect(throws: RedisError.malformed) { try read("*1025\r\n") }
        #expect(throws: RedisError.malformed) { try read("*1000000000\r\n") }
        #expect(try read("*1024\r\n" + String(repeating: ":1\r\n", count: 1024)).count == 1)
    }

    @Test func aReplyThatDoesNotEndIsRefused() {
        let piece = String(repeating: "x", count: 1 << 10)
        #expect(throws: RedisError.tooLarge) { try read("$1000000\r\n" + String(repeating: piece, count: 300)) }
        let nest = String(repeating: "*1024\r\n", count: 5)
        #expect(throws: RedisError.self) { try read(nest + String(repeating: ":1\r\n", count: 100_000)) }
    }

    @Test func manyRepliesAreNotOneLargeOne() throws {
        let reply = "$1000\r\n" + String(repeating: "x", count: 1000) + "\r\n"
        #expect(try read(String(repeating: reply, count: 1000), inPiecesOf: 4096).count == 1000)
    }

    @Test func noBytesTrap() throws {
        for seed in UInt64(0)..<200 {
            var random = SeededGenerator(seed: seed)
            let reader = try reader()
            var bytes = Array(Self.everything.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[.random(in: bytes.indices, using: &random)] = .random(in: 0 ... .max, using: &random)
            }
            do {
                try reader.receive(bytes.span.bytes)
                while try reader.next() != nil {}
            } catch {}
        }
    }
}
