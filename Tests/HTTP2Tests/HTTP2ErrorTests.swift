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

    @Test func itIsCountedByWhatWasTooMuchOrByItsCode() {
        #expect(HTTP2Error(.resetStream).reason == "reset-stream")
        #expect(HTTP2Error(.resetStream).code == .enhanceYourCalm)
        #expect(HTTP2Error(code: .flowControlError, detail: "x").reason == "flow-control-error")
        #expect(HTTP2Error(code: HTTP2ErrorCode(rawValue: 77), detail: "x").reason == "other")
    }

    @Test(arguments: Suspicion.Act.allCases) func everyReasonIsALabel(act: Suspicion.Act) {
        #expect(HTTP2Error(act).reason.wholeMatch(of: /[a-z]+(-[a-z]+)*/) != nil)
    }
}
