import Receipts
import Testing

@Suite struct ReceiptChainTests {
    @Test func everyLineNamesTheOneBefore() throws {
        var chain = ReceiptChain()
        for line in Scribe.sample().lines {
            let line = try #require(parsed(line))
            #expect(line.number == chain.next && line.previous == chain.previous)
            chain = ReceiptChain(after: line)
        }
    }

    @Test func whatIsAppendedContinuesTheChain() throws {
        var chain = ReceiptChain()
        let bytes = chain.append(.lost(1, time: noon), digest: sha256)
        #expect(bytes.last == 0x0A)
        let line = try #require(parsed(Array(bytes.dropLast())))
        #expect(line.isWhole && line.number == 0 && line.previous == ReceiptLine.none)
        #expect(chain == ReceiptChain(after: line))
    }
}
