import Testing

@testable import TLS

@Suite struct RecordFaultTests {
    @Test func eachIsToldToThePeerByItsAlert() {
        let alerts: [(RecordFault, UInt8)] = [
            (.unprotected, 10), (.tooLong, 22), (.forged, 20), (.withoutType, 10), (.unknownType, 10), (.empty, 10),
            (.idle, 10), (.exhausted, 80), (.interleaved, 10), (.malformedAlert, 50), (.unexpectedMessage, 10),
            (.malformedMessage, 50), (.illegalKeyUpdate, 47), (.dataBehindKeyUpdate, 10),
        ]
        for (fault, alert) in alerts {
            #expect(fault.answer?.rawValue == alert, "\(fault)")
            #expect(fault.error == TLSError(.violation, "a record was refused: \(fault)"))
        }
    }

    @Test func thePeersOwnAlertIsNotAnswered() {
        #expect(RecordFault.alert(20).answer == nil)
        #expect(RecordFault.alert(20).error.kind == .alert(20))
    }
}
