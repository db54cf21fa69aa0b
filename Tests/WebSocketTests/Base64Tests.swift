import Testing

@testable import WebSocket

@Suite struct Base64Tests {
    // RFC 4648 §10
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func bytesAreEncoded(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
    }

    @Test func theWholeAlphabetIsUsed() {
        #expect(Base64.encode([0x00, 0x10, 0x83, 0xFB, 0xFF, 0xBF]) == "ABCD+/+/")
    }

    @Test(arguments: [
        ("dGhlIHNhbXBsZSBub25jZQ==", true), ("AAAAAAAAAAAAAAAAAAAAAA==", true), ("++++++++++++++++++////==", true),
        ("", false), ("AAAAAAAAAAAAAAAAAAAAAA", false), ("AAAAAAAAAAAAAAAAAAAAAAA=", false),
        ("AAAAAAAAAAAAAAAAAAAAAAAA", false),
        ("AAAAAAAAAAAAAAAAAAAAA===", false), ("AAAAAAAAAAAAAAAAAAAA-_==", false), ("AAAAAAAAAAAAAAAAAAAAA ==", false),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAA==", false), ("é", false),
    ])
    func onlySixteenBytesMakeAKey(text: String, isKey: Bool) {
        #expect(Base64.decodesTo16Bytes(text) == isKey)
    }
}
