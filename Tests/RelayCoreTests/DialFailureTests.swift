import Policy
import Testing

@testable import RelayCore

@Suite struct DialFailureTests {
    @Test(
        arguments: [
            (.resolveFailed, "resolve-failed", true, .upstreamUnavailable),
            (.addressForbidden, "address-forbidden", true, .upstreamUnavailable),
            (.connectFailed, "connect-failed", true, .upstreamUnavailable),
            (.notVerified, "not-verified", true, .upstreamUnavailable),
            (.redirected, "redirected", true, .upstreamUnavailable),
            (.overloaded, "overloaded", true, .upstreamUnavailable),
            (.notAWebSocket, "not-a-websocket", true, .upstreamUnavailable),
            (.keyRejected, "key-rejected", false, .upstreamRefused),
            (.requestRejected, "request-rejected", false, .upstreamRefused),
            (.tooLate, "too-late", true, .timeout),
            (.knownDown, "known-down", true, .upstreamUnavailable),
            (.exhausted, "exhausted", false, .limit),
        ] as [(DialFailure.Kind, String, Bool, RefusalName)])
    func eachKindHasItsWordAndItsConsequence(
        kind: DialFailure.Kind, word: String, triesNext: Bool, refusal: RefusalName
    ) {
        #expect(kind.rawValue == word)
        #expect(kind.consequence == (triesNext, refusal))
    }

    @Test func noKindIsMissing() {
        #expect(DialFailure.Kind.allCases.count == 12)
    }

    @Test func theNarrowestWordIsItsName() {
        #expect(DialFailure(.tooLate, "").name == "too-late")
        #expect(DialFailure(.notVerified, "", reason: .certificateExpired).name == "certificate-expired")
    }

    @Test func ofSeveralFailuresTheOneThatAlarmsIsReportedWithTheDetailsOfAll() {
        let refused = DialFailure(.connectFailed, "a")
        let late = DialFailure(.tooLate, "b")
        let inward = DialFailure(.addressForbidden, "c", reason: .addressLoopback)
        let wrong = DialFailure(.notVerified, "d", reason: .certificateWrongName)
        #expect(DialFailure.mostTelling([]) == nil)
        #expect(DialFailure.mostTelling([refused, refused]) == refused)
        #expect(DialFailure.mostTelling([refused, late]) == DialFailure(.tooLate, "b; a"))
        let all = DialFailure(.notVerified, "d; a; b; c", reason: .certificateWrongName)
        #expect(DialFailure.mostTelling([refused, late, inward, wrong]) == all)
        #expect(DialFailure.mostTelling([refused, inward, late])?.name == "address-loopback")
        #expect(DialFailure.mostTelling([refused, late, DialFailure(.exhausted, "e")])?.name == "exhausted")
    }

    @Test func whatIsNotWhatItShouldBeAlarms() {
        let alarming = DialFailure.Kind.allCases.filter { DialFailure($0, "").isAlarming }
        #expect(Set(alarming) == [.addressForbidden, .notVerified, .redirected, .keyRejected])
    }

    @Test func anEndpointThatRefusesAnswersAllTheSame() {
        let answered = DialFailure.Kind.allCases.filter { $0.outcome == .answered }
        #expect(answered == [.keyRejected, .requestRejected])
        #expect(DialFailure.Kind.knownDown.outcome == .abandoned)
        #expect(DialFailure.Kind.exhausted.outcome == .abandoned)
    }

    @Test(arguments: DialFailure.Kind.allCases)
    func theClientHearsASentenceThatFitsACloseAndNoDetail(kind: DialFailure.Kind) {
        let sentence = DialFailure.sentence(for: kind.consequence.refusal)
        #expect(!sentence.isEmpty)
        #expect(sentence.utf8.count <= 123)
    }
}
