import Testing

@testable import HTTP

@Suite struct Latin1Tests {
    @Test func everyByteComesBackAsItWas() {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(String(latin1: bytes).latin1Bytes == bytes)
        #expect(String(latin1: bytes[..<0x80]).latin1Bytes == Array(bytes[..<0x80]))
    }

    @Test func textBeyondTheLast8BitScalarHasNoBytes() {
        #expect("ÿ".latin1Bytes == [0xFF])
        #expect("Ā".latin1Bytes == nil)
    }
}
