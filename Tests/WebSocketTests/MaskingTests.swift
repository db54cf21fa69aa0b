import Testing
import WebSocket

@Suite struct MaskingTests {
    @Test(arguments: 0...33) func everyByteIsCombinedWithTheByteOfTheKeyAtItsPlace(count: Int) {
        for offset in 0..<9 as Range<UInt64> {
            let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            var masked = plain
            Masking.apply(0x0102_0304, offset: offset, to: &masked)
            let expected = plain.enumerated().map { index, byte in
                byte ^ ([1, 2, 3, 4] as [UInt8])[Int((offset + UInt64(index)) % 4)]
            }
            #expect(masked == expected)
            Masking.apply(0x0102_0304, offset: offset, to: &masked)
            #expect(masked == plain)
        }
    }

    @Test func piecesAreMaskedLikeTheWhole() {
        let plain = (0..<100).map { UInt8($0) }
        var whole = plain
        Masking.apply(0xA1B2_C3D4, to: &whole)
        for cut in 0...plain.count {
            var (head, tail) = (Array(plain[..<cut]), Array(plain[cut...]))
            Masking.apply(0xA1B2_C3D4, to: &head)
            Masking.apply(0xA1B2_C3D4, offset: UInt64(cut), to: &tail)
            #expect(head + tail == whole)
        }
    }

    @Test func theFurthestOffsetDoesNotTrap() {
        var bytes: [UInt8] = [0, 0]
        Masking.apply(0x0102_0304, offset: .max, to: &bytes)
        #expect(bytes == [4, 1])
    }
}
