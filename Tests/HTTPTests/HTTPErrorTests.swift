import HTTP
import Testing

@Suite struct HTTPErrorTests {
    @Test(
        arguments: [
            (.bareLineFeed, 400), (.hostMissing, 400), (.minorVersionNotSupported, 400), (.contentLengthRepeated, 400),
            (.startLineTooLong, 414), (.fieldLineTooLong, 431), (.headTooLarge, 431), (.tooManyFields, 431),
            (.transferCodingNotImplemented, 501), (.majorVersionNotSupported, 505),
        ] as [(HTTPError, Int)])
    func aBrokenRuleHasItsStatus(error: HTTPError, status: Int) {
        #expect(error.status == status)
    }

    @Test func everyRuleIsToldInASentenceOfItsOwn() {
        let sentences = HTTPError.allCases.map(\.sentence)
        #expect(Set(sentences).count == HTTPError.allCases.count)
        #expect(sentences.allSatisfy { $0.hasSuffix(".") })
    }

    @Test func everyStatusHasARegisteredReason() {
        #expect(HTTPError.allCases.allSatisfy { !ResponseHead.registeredReason($0.status).isEmpty })
    }
}
