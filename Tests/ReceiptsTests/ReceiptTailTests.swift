import Receipts
import Testing

@Suite struct ReceiptTailTests {
    private let sample = Scribe.sample()
    private var log: [UInt8] { sample.lines.flatMap { $0 + [0x0A] } }

    @Test func aWholeLogIsContinuedBehindItsLastLine() throws {
        let tail = try tail(of: log)
        #expect(tail.chain == sample.chain && tail.torn.isEmpty && !tail.wantsLineFeed)
        let last = try ReceiptTail(Array(log.suffix(2000)), isWholeFile: false, digest: sha256)
        #expect(last == tail)
        #expect(try self.tail(of: []) == self.tail(of: []) && self.tail(of: []).chain == ReceiptChain())
    }

    @Test func aLogTornAtAnyByteIsContinuedSoThatItVerifies() throws {
        for length in 1...log.count {
            let bytes = Array(log.prefix(length))
            #expect(verify(bytes: try continued(bytes)).isWhole, "torn behind byte \(length)")
        }
    }

    /// A writer may be killed while it vouches for what another left.
    @Test func aLogTornTwiceIsContinuedToo() throws {
        let torn = Array(log.dropLast(30))
        let continued = try continued(torn)
        for length in torn.count + 2..<continued.count {
            let again = try self.continued(Array(continued.prefix(length)))
            #expect(verify(bytes: again).isWhole, "torn again behind byte \(length - torn.count)")
        }
    }

    @Test func onlyTheLineFeedMissing() throws {
        let tail = try tail(of: log.dropLast())
        #expect(tail.torn.isEmpty && tail.wantsLineFeed && tail.chain == sample.chain)
    }

    @Test(arguments: ["hello", "hello\n", "{}\n", "\n", "{\"n\":0}\nhello"]) func anAlienFileIsNotContinued(
        text: String
    ) {
        #expect(throws: ReceiptTailError.brokenLine) { try tail(of: Array(text.utf8)) }
    }

    @Test func aLogWhoseLastLineWasAlteredIsNotContinued() {
        var altered = log
        altered[altered.count - 100] ^= 1
        #expect(throws: ReceiptTailError.brokenLine) { try tail(of: altered) }
        #expect(throws: ReceiptTailError.noLine) {
            try ReceiptTail(Array(log.suffix(50)), isWholeFile: false, digest: sha256)
        }
    }

    private func tail(of bytes: [UInt8]) throws -> ReceiptTail {
        try ReceiptTail(bytes, isWholeFile: true, digest: sha256)
    }

    /// What a relay makes of it that starts.
    private func continued(_ bytes: [UInt8]) throws -> [UInt8] {
        let tail = try tail(of: bytes)
        var scribe = Scribe(tail.chain, key: sample.key)
        if !tail.torn.isEmpty {
            scribe.add(.recovered(.init(time: noon, bytes: tail.torn.count, hash: hash(tail.torn))))
        }
        scribe.add(.sampleStart)
        return bytes + (tail.wantsLineFeed ? [0x0A] : []) + scribe.lines.flatMap { $0 + [0x0A] }
    }
}
