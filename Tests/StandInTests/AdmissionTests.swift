import Testing
import Timing

@testable import StandIn

@Suite struct AdmissionTests {
    private let start = Instant(nanoseconds: 0)

    @Test(
        arguments: [
            ("KEY", nil, nil), (nil, nil, ProviderError.missingCredential), ("Bearer KEY", nil, .invalidKey),
            ("WRONG", nil, .invalidKey), (nil, "KEY", .invalidKey), ("", nil, .invalidKey),
        ] as [(String?, String?, ProviderError?)])
    func aKeyIsTakenRawAndInTheHeaderOnly(_ authorization: String?, _ token: String?, _ error: ProviderError?) {
        var admission = Self.admission()
        let query = token.map { [(name: "token", value: $0)] } ?? []
        let result = Result { try admission.admit(authorization: authorization, query: query, at: start) }
        switch result {
        case .success(let pass): #expect(error == nil && pass.keyName == "main" && !pass.isToken)
        case .failure(let thrown): #expect(thrown as? ProviderError == error)
        }
    }

    @Test func aTokenIsTakenInEitherPlaceAndBringsItsCap() throws {
        var admission = Self.admission()
        let answer = admission.mintToken(
            authorization: "KEY", query: [("expires_in_seconds", "60"), ("max_session_duration_seconds", "90")],
            at: start)
        let token = try #require(answer.body["token"]?.string)
        let expected = Admission.Pass(keyName: "main", isToken: true, maxSessionSeconds: 90)
        #expect(try admission.admit(authorization: token, query: [], at: start) == expected)
        #expect(try admission.admit(authorization: nil, query: [("token", token)], at: start) == expected)
    }

    @Test func theRateOfNewSessionsIsLimitedByTheMinute() throws {
        var admission = Self.admission()
        admission.maxOpensPerMinute = 2
        for second in [0, 30] {
            _ = try admission.admit(authorization: "KEY", query: [], at: start + .seconds(second))
        }
        #expect(throws: ProviderError.tooManySessions) {
            try admission.admit(authorization: "KEY", query: [], at: start + .seconds(59))
        }
        #expect(throws: ProviderError.invalidKey) {
            try admission.admit(authorization: "WRONG", query: [], at: start + .seconds(59))
        }
        _ = try admission.admit(authorization: "KEY", query: [], at: start + .seconds(60))
    }

    private static func admission() -> Admission { Admission(keys: ProviderKeys([("main", "KEY")])) }
}
