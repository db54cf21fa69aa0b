import Testing

@testable import Bytes

@Suite struct DigitsTests {
    @Test func everyByteIsADigitOrNone() {
        for byte in UInt8.min...UInt8.max {
            let text = String(Unicode.Scalar(byte))
            let isASCII = byte < 0x80
            #expect(byte.decimalDigit == (isASCII ? UInt8(text, radix: 10) : nil))
            let isDigit = isASCII && text.unicodeScalars.allSatisfy(\.properties.isASCIIHexDigit)
            #expect(byte.hexDigit == (isDigit ? UInt8(text, radix: 16) : nil))
        }
    }
}
