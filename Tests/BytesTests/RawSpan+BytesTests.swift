import Bytes
import Testing

@Suite struct RawSpanBytesTests {
    private let bytes: [UInt8] = [10, 20, 10]

    @Test(arguments: [(0, 10), (1, 20), (2, 10), (3, nil), (-1, nil), (.max, nil), (.min, nil)] as [(Int, UInt8?)])
    func aByteIsReadOnlyWhereThereIsOne(offset: Int, expected: UInt8?) {
        let byte = bytes.span.bytes.byte(at: offset)
        #expect(byte == expected)
    }

    @Test(
        arguments: [(10, 0, 0), (10, 1, 2), (20, 0, 1), (20, 2, nil), (10, 3, nil), (10, .max, nil), (10, -5, 0)]
            as [(UInt8, Int, Int?)])
    func theFirstOffsetOfAByteIsFoundFromAnyStart(byte: UInt8, start: Int, expected: Int?) {
        let offset = bytes.span.bytes.firstOffset(of: byte, from: start)
        #expect(offset == expected)
    }

    @Test func aSpanIsCopiedToAnArray() {
        let copy = [UInt8](bytes.span.bytes.extracting(1..<3))
        #expect(copy == [20, 10])
    }
}
