import StandIn
import Testing
import Timing

@Suite struct TokenMintTests {
    private let keys = ProviderKeys([("main", "KEY")])
    private let start = Instant(nanoseconds: 1_000_000_000)

    @Test(arguments: ["KEY", "Bearer KEY"])
    func aKeyMintsATokenOfTheProvidersLength(_ authorization: String) throws {
        var mint = TokenMint()
        let answer = mint.answer(
            query: [("expires_in_seconds", "60")], authorization: authorization, keys: keys, at: start)
        #expect(answer.status == 200)
        #expect(answer.body["expires_in_seconds"] == 60)
        let token = try #require(answer.body["token"]?.string)
        #expect(token.count == 2583 && token.hasPrefix("AQI"))
        #expect(try mint.redeem(token, at: start).maxSessionSeconds == 10_800)
    }

    @Test func aTokenOpensAnyNumberOfSessionsUntilItsWindowCloses() throws {
        var mint = TokenMint()
        let answer = mint.answer(
            query: [("expires_in_seconds", "60"), ("max_session_duration_seconds", "300")], authorization: "KEY",
            keys: keys, at: start)
        let token = try #require(answer.body["token"]?.string)
        for seconds in [0, 30, 60] {
            let grant = try mint.redeem(token, at: start + .seconds(seconds))
            #expect(grant.keyName == "main" && grant.maxSessionSeconds == 300)
        }
        #expect(throws: ProviderError.expiredToken) { try mint.redeem(token, at: start + .seconds(61)) }
        #expect(throws: ProviderError.invalidKey) { try mint.redeem("AQI", at: start) }
    }

    /// The forms seen at the provider; the last is its specification's.
    @Test(
        arguments: [
            (
                [("expires_in_seconds", "0")], "KEY", 422,
                #"{"detail":[{"type":"greater_than_equal","loc":["query","expires_in_seconds"],"#
                    + #""msg":"Input should be greater than or equal to 1","input":"0","ctx":{"ge":1}}]}"#
            ),
            (
                [("expires_in_seconds", "601")], "KEY", 422,
                #"{"detail":[{"type":"less_than_equal","loc":["query","expires_in_seconds"],"#
                    + #""msg":"Input should be less than or equal to 600","input":"601","ctx":{"le":600}}]}"#
            ),
            (
                [("expires_in_seconds", "x")], "KEY", 422,
                #"{"detail":[{"type":"int_parsing","loc":["query","expires_in_seconds"],"#
                    + #""msg":"Input should be a valid integer, unable to parse string as an integer","input":"x"}]}"#
            ),
            (
                [("expires_in_seconds", "60")], nil, 422,
                #"{"detail":[{"type":"missing","loc":["header","authorization"],"msg":"Field required"}]}"#
            ),
            (
                [("max_session_duration_seconds", "59")], nil, 422,
                #"{"detail":[{"type":"missing","loc":["query","expires_in_seconds"],"msg":"Field required"},"#
                    + #"{"type":"greater_than_equal","loc":["query","max_session_duration_seconds"],"#
                    + #""msg":"Input should be greater than or equal to 60","input":"59","ctx":{"ge":60}},"#
                    + #"{"type":"missing","loc":["header","authorization"],"msg":"Field required"}]}"#
            ),
            (
                [("expires_in_seconds", "60")], "WRONG", 401,
                #"{"error":"Invalid API key","code":401,"details":null}"#
            ),
        ] as [([(name: String, value: String)], String?, Int, String)])
    func badRequestsAreAnsweredInTheProvidersForm(
        _ query: [(name: String, value: String)], _ authorization: String?, _ status: Int, _ body: String
    ) {
        var mint = TokenMint()
        let answer = mint.answer(query: query, authorization: authorization, keys: keys, at: start)
        #expect(answer.status == status)
        #expect(answer.body.text == body)
    }
}
