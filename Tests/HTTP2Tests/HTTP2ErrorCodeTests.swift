import HTTP2
import Testing

@Suite struct HTTP2ErrorCodeTests {
    // RFC 9113 §7
    @Test(
        arguments: [
            (.noError, "NO_ERROR"), (.protocolError, "PROTOCOL_ERROR"), (.internalError, "INTERNAL_ERROR"),
            (.flowControlError, "FLOW_CONTROL_ERROR"), (.settingsTimeout, "SETTINGS_TIMEOUT"),
            (.streamClosed, "STREAM_CLOSED"), (.frameSizeError, "FRAME_SIZE_ERROR"), (.refusedStream, "REFUSED_STREAM"),
            (.cancel, "CANCEL"), (.compressionError, "COMPRESSION_ERROR"), (.connectError, "CONNECT_ERROR"),
            (.enhanceYourCalm, "ENHANCE_YOUR_CALM"), (.inadequateSecurity, "INADEQUATE_SECURITY"),
            (.http11Required, "HTTP_1_1_REQUIRED"), (HTTP2ErrorCode(rawValue: 14), "0xe"),
            (HTTP2ErrorCode(rawValue: .max), "0xffffffff"),
        ] as [(HTTP2ErrorCode, String)])
    func aCodeHasItsRegisteredName(code: HTTP2ErrorCode, name: String) {
        #expect(code.description == name)
    }
}
