import HTTP
import Policy
import Testing

@testable import RelayServer

@Suite struct TokenQueryTests {
    @Test(
        arguments: [
            ("expires_in_seconds=60", 60, 10_800, nil),
            ("expires_in_seconds=1&max_session_duration_seconds=60", 1, 60, nil),
            ("max_session_duration_seconds=10800&expires_in_seconds=600", 600, 10_800, nil),
            ("expires_in_second%73=%36%30", 60, 10_800, nil),
            ("expires_in_seconds=5&expires_in_seconds=60", 60, 10_800, nil),
            ("expires_in_seconds=60&origin=https://app.example", 60, 10_800, "https://app.example"),
            ("expires_in_seconds=60&origin=https%3A%2F%2FApp.example%3A443", 60, 10_800, "https://app.example"),
            ("expires_in_seconds=60&zone=eu&token=x&y", 60, 10_800, nil),
        ] as [(String, Int, Int, String?)])
    func aProperQueryIsRead(_ query: String, _ lifetime: Int, _ session: Int, _ origin: String?) throws {
        let read = try TokenQuery(RequestTarget("/v3/token?\(query)"), longest: 600, hasCredential: true)
        #expect(read.lifetime == lifetime && read.session == session && read.origin?.description == origin)
    }

    /// The provider's own words, byte for byte (its contract, section 3.1).
    @Test(
        arguments: [
            (
                "expires_in_seconds=0", true,
                #"{"detail":[{"type":"greater_than_equal","loc":["query","expires_in_seconds"],"#
                    + #""msg":"Input should be greater than or equal to 1","input":"0","ctx":{"ge":1}}]}"#
            ),
            (
                "expires_in_seconds=601", true,
                #"{"detail":[{"type":"less_than_equal","loc":["query","expires_in_seconds"],"#
                    + #""msg":"Input should be less than or equal to 600","input":"601","ctx":{"le":600}}]}"#
            ),
            (
                "expires_in_seconds=x%22", true,
                #"{"detail":[{"type":"int_parsing","loc":["query","expires_in_seconds"],"#
                    + #""msg":"Input should be a valid integer, unable to parse string as an integer","input":"x\""}]}"#
            ),
            (
                "expires_in_seconds=60", false,
                #"{"detail":[{"type":"missing","loc":["header","authorization"],"msg":"Field required"}]}"#
            ),
            (
                "max_session_duration_seconds=59", false,
                #"{"detail":[{"type":"missing","loc":["query","expires_in_seconds"],"msg":"Field required"},"#
                    + #"{"type":"greater_than_equal","loc":["query","max_session_duration_seconds"],"#
                    + #""msg":"Input should be greater than or equal to 60","input":"59","ctx":{"ge":60}},"#
                    + #"{"type":"missing","loc":["header","authorization"],"msg":"Field required"}]}"#
            ),
            (
                "expires_in_seconds=60&origin=app.example", true,
                #"{"detail":[{"type":"value_error","loc":["query","origin"],"msg":"Value error, an origin is "#
                    + #"scheme://host or scheme://host:port, without a path","input":"app.example"}]}"#
            ),
        ])
    func everyFaultIsToldAtOnceInTheProvidersForm(_ query: String, _ hasCredential: Bool, _ body: String) throws {
        let faults = #expect(throws: TokenQuery.Faults.self) {
            try TokenQuery(RequestTarget("/v3/token?\(query)"), longest: 600, hasCredential: hasCredential)
        }
        #expect(String(decoding: TokenFault.json(of: faults?.all ?? []), as: UTF8.self) == body)
    }

    @Test(arguments: [
        "", "=", "&", "expires_in_seconds", "expires_in_seconds=", "expires_in_seconds=-1", "expires_in_seconds=1e3",
        "expires_in_seconds=99999999999999999999999", "expires_in_seconds=-9223372036854775808",
        "expires_in_seconds=%20", "expires_in_seconds=60&max_session_duration_seconds=10801",
        "expires_in_seconds=60&max_session_duration_seconds=", "expires_in_seconds=60&origin=null",
        "expires_in_seconds=60&origin=", "expires_in_seconds=60&origin=https://a.example/",
        "expires_in_seconds=60&origin=https://a%0d%0a.example",
    ])
    func whatIsOutOfBoundsIsAFault(_ query: String) throws {
        let target = try RequestTarget("/v3/token?\(query)")
        let faults = #expect(throws: TokenQuery.Faults.self) {
            try TokenQuery(target, longest: 600, hasCredential: true)
        }
        #expect(faults?.all.count == 1)
    }
}
