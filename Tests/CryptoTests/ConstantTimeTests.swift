import Crypto
import Testing

@Suite struct ConstantTimeTests {
    @Test(
        arguments: [
            ([], [], true),
            ([1, 2, 3], [1, 2, 3], true),
            ([1, 2, 3], [1, 2, 4], false),
            ([0, 2, 3], [1, 2, 3], false),
            ([1, 2], [1, 2, 3], false),
            ([], [0], false),
        ] as [([UInt8], [UInt8], Bool)])
    func equalBytesAndOnlyThoseAreEqual(left: [UInt8], right: [UInt8], areEqual: Bool) {
        #expect(ConstantTime.equal(left, right) == areEqual)
    }
}
