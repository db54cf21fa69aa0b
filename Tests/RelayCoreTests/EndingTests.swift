import Policy
import Testing
import WebSocket

@testable import RelayCore

@Suite struct EndingTests {
    struct Row: Sendable {
        let ending: Ending
        let name: String
        /// The code the client is told, if it is told anything.
        let told: UInt16?
        let upstreamCode: UInt16
    }

    static let table = [
        Row(ending: .clientClosed(code: nil), name: "client-closed", told: nil, upstreamCode: 1000),
        Row(ending: .clientClosed(code: .goingAway), name: "client-closed", told: nil, upstreamCode: 1001),
        Row(
            ending: .clientClosed(code: CloseCode(rawValue: 4000)), name: "client-closed", told: nil, upstreamCode: 4000
        ),
        Row(ending: .upstreamClosed(code: .normal), name: "upstream-closed", told: nil, upstreamCode: 1001),
        Row(ending: .abandoned, name: "abandoned", told: nil, upstreamCode: 1001),
        Row(ending: .lost(.client), name: "client-lost", told: nil, upstreamCode: 1001),
        Row(ending: .lost(.upstream), name: "upstream-lost", told: 1014, upstreamCode: 1001),
        Row(ending: .silent(.client), name: "client-silent", told: nil, upstreamCode: 1001),
        Row(ending: .silent(.upstream), name: "upstream-silent", told: 1014, upstreamCode: 1001),
        Row(ending: .stalled(.client), name: "client-stalled", told: 4413, upstreamCode: 1001),
        Row(ending: .stalled(.upstream), name: "upstream-stalled", told: 1014, upstreamCode: 1001),
        Row(ending: .violated(.client, .maskMissing), name: "client-violation", told: 1002, upstreamCode: 1001),
        Row(ending: .violated(.client, .messageTooBig), name: "client-violation", told: 1009, upstreamCode: 1001),
        Row(ending: .violated(.upstream, .maskForbidden), name: "upstream-violation", told: 1014, upstreamCode: 1002),
        Row(ending: .violated(.upstream, .messageTooBig), name: "upstream-violation", told: 1014, upstreamCode: 1009),
        Row(ending: .refused(.residency), name: "residency", told: nil, upstreamCode: 1001),
        Row(ending: .idle, name: "idle", told: 4408, upstreamCode: 1001),
        Row(ending: .tooOld, name: "session-time-over", told: 3008, upstreamCode: 1001),
        Row(
            ending: .withdrawn(Refusal(.residency, "No.")), name: "policy-changed", told: 4403, upstreamCode: 1001),
        Row(ending: .withdrawn(Refusal(.origin, "No.")), name: "policy-changed", told: 4403, upstreamCode: 1001),
        Row(ending: .withdrawn(Refusal(.wrongSite, "No.")), name: "policy-changed", told: 4403, upstreamCode: 1001),
        Row(
            ending: .withdrawn(Refusal(.unauthenticated, "No.")), name: "credential-revoked", told: 4401,
            upstreamCode: 1001),
        Row(ending: .drained, name: "drained", told: 1012, upstreamCode: 1001),
        Row(ending: .dismissed, name: "admin", told: 1001, upstreamCode: 1001),
    ]

    @Test(arguments: table)
    func eachEndingHasItsWordsAndCodes(row: Row) {
        #expect(row.ending.name == row.name)
        #expect(row.ending.clientFarewell?.code.rawValue == row.told)
        #expect(row.ending.upstreamCloseCode.rawValue == row.upstreamCode)
    }

    @Test(arguments: RefusalName.allCases)
    func aRefusalIsNamedAsPolicyNamesIt(name: RefusalName) {
        #expect(Ending.refused(name).name == name.rawValue)
    }

    @Test(arguments: table)
    func everyFarewellFitsACloseAndMayBeSent(row: Row) {
        guard let farewell = row.ending.clientFarewell else { return }
        #expect(farewell.code.mayBeSent)
        #expect(!farewell.sentence.isEmpty)
        #expect(ClosePayload(farewell).reason == farewell.sentence)
    }

    @Test func theCodeIsThatOfThePeerThatClosed() {
        #expect(Ending.clientClosed(code: .goingAway).code == .goingAway)
        #expect(Ending.upstreamClosed(code: nil).code == nil)
        for row in Self.table where !row.name.hasSuffix("closed") { #expect(row.ending.code == nil) }
    }

    @Test func aSentenceTooLongIsCutBetweenCharacters() {
        let farewell = Farewell(code: .normal, sentence: String(repeating: "€", count: 50))
        #expect(ClosePayload(farewell).reason == String(repeating: "€", count: 41))
    }
}
