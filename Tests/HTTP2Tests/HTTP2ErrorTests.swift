import HTTP2
import Testing

@Suite struct HTTP2ErrorTests {
    @Test func itNamesItsCodeAndItsReason() {
        #expect(
            HTTP2Error(code: .protocolError, detail: "DATA: stream_id == 0").description
                == "PROTOCOL_ERROR: DATA: stream_id == 0")
        #expect(HTTP2Error(code: .internalError, detail: "").description == "INTERNAL_ERROR")
    }

    @Test func onlyTooMuchIsAbuse() {
        #expect(HTTP2Error(code: .enhanceYourCalm, detail: "").isAbuse)
        #expect(!HTTP2Error(code: .protocolError, detail: "").isAbuse)
    }
}
