import Policy
import Testing

@Suite struct LimitTests {
    /// They are labels of metrics and words of the log.
    @Test(arguments: Limit.allCases) func aNameIsPlain(limit: Limit) {
        #expect(limit.rawValue.utf8.allSatisfy { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == 0x2D })
    }
}
