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
        ] as [(DialFailure.Kind, String, Bool, RefusalName)])
    func eachKindHasItsWordAndItsConsequence(
        kind: DialFailure.Kind, word: String, triesNext: Bool, refusal: RefusalName
    ) {
        #expect(kind.rawValue == word)
        #expect(kind.consequence == (triesNext, refusal))
    }

    @Test func noKindIsMissing() {
        #expect(DialFailure.Kind.allCases.count == 10)
    }

    @Test(arguments: DialFailure.Kind.allCases)
    func theClientHearsASentenceThatFitsACloseAndNoDetail(kind: DialFailure.Kind) {
        let sentence = DialFailure.sentence(for: kind.consequence.refusal)
        #expect(!sentence.isEmpty)
        #expect(sentence.utf8.count <= 123)
    }
}
