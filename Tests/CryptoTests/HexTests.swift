import Crypto
import Testing

@Suite struct HexTests {
    @Test(arguments: [([], ""), ([0], "00"), ([0x0F, 0xF0, 0xA5], "0ff0a5")] as [([UInt8], String)])
    func bytesAreTwoLowerCaseDigitsEach(bytes: [UInt8], text: String) {
        #expect(Hex.encode(bytes) == text)
        #expect(Hex.decode(text) == bytes)
        #expect(Hex.decode(Secret(text)) == Secret(bytes))
        #expect(Array(text.utf8).withUnsafeBytes { Hex.decodeSecret($0) } == Secret(bytes))
    }

    @Test func everyByteSurvivesTheRoundTrip() {
        let bytes = [UInt8](0...255)
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        #expect(Hex.decode(Hex.encode(bytes).uppercased()) == bytes)
    }

    @Test(arguments: ["0", "0g", "0x00", " 00", "00\n", "é0", "000"])
    func whatIsNotHexadecimalIsRefused(text: String) {
        #expect(Hex.decode(text) == nil)
        #expect(Hex.decode(Secret(text)) == nil)
    }
}
