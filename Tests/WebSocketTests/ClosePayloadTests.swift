import Testing
import WebSocket

@Suite struct ClosePayloadTests {
    @Test(
        arguments: [
            ([], nil, ""), ([0x03, 0xE8], 1000, ""), ([0x03, 0xEA, 0x6F, 0x68], 1002, "oh"),
            ([0x13, 0x87, 0xC3, 0xA9], 4999, "é"),
        ] as [([UInt8], UInt16?, String)])
    func aPayloadIsReadAndWrittenBack(bytes: [UInt8], code: UInt16?, reason: String) throws {
        let payload = try ClosePayload(parsing: bytes.span.bytes)
        #expect(payload.code?.rawValue == code)
        #expect(payload.reason == reason)
        #expect(payload.bytes == bytes)
    }

    // RFC 6455 §5.5.1, §7.4
    @Test(
        arguments: [
            ([0x03], .closePayloadTooShort),
            ([0x03, 0xE7], .closeCodeInvalid),  // 999
            ([0x03, 0xED], .closeCodeInvalid),  // 1005
            ([0x03, 0xEE], .closeCodeInvalid),  // 1006
            ([0x03, 0xF7], .closeCodeInvalid),  // 1015
            ([0xFF, 0xFF, 0x61], .closeCodeInvalid),
            ([0x03, 0xE8, 0xFF], .closeReasonNotUTF8),
            ([0x03, 0xE8, 0xC3], .closeReasonNotUTF8),
            ([0x03, 0xE8, 0xED, 0xA0, 0x80], .closeReasonNotUTF8),  // a surrogate
        ] as [([UInt8], WebSocketError)])
    func aPayloadThatBreaksARuleIsRefused(bytes: [UInt8], rule: WebSocketError) {
        #expect(throws: rule) { try ClosePayload(parsing: bytes.span.bytes) }
    }

    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000]) func aCodeThatMayNotBeSentIsNeverWritten(
        code: UInt16
    ) {
        #expect(ClosePayload(code: CloseCode(rawValue: code), reason: "x") == .empty)
        #expect(ClosePayload.empty.bytes == [])
    }

    @Test(arguments: [
        (String(repeating: "a", count: 123), 123), (String(repeating: "a", count: 124), 123),
        (String(repeating: "é", count: 62), 122), (String(repeating: "€", count: 41), 123),
        (String(repeating: "€", count: 42), 123),
        ("a" + String(repeating: "😀", count: 31), 121),
        // One character of several scalars is kept whole or dropped whole.
        (String(repeating: "a", count: 122) + "e\u{301}", 122), ("", 0),
    ])
    func aReasonIsCutBetweenCharacters(reason: String, bytes: Int) {
        let cut = ClosePayload.truncatedReason(reason)
        #expect(cut.utf8.count == bytes)
        #expect(reason.hasPrefix(cut))
        #expect(ClosePayload(code: .policyViolation, reason: reason).bytes.count == 2 + bytes)
    }
}
