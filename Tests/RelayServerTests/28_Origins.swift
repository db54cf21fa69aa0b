import Configuration
import HTTP
import Policy
import RelayServer
import StandIn
import Testing

/// Cross-site WebSocket hijacking: which pages may open a session with a credential that is good.
@Suite("28 Origins", .overEachHTTP, .timeLimit(.minutes(10))) struct Origins {
    /// What a page, or whoever plays one, sends; and whether it may connect for a tenant of `https://app.good.example`,
    /// `https://*.good.example:8443` and `https://xn--bcher-kva.example`.
    static let matrix: [(origin: String?, admitted: Bool)] = [
        (nil, true), ("null", false), ("", false),
        ("https://app.good.example", true), ("HTTPS://APP.GOOD.EXAMPLE", true), ("https://App.Good.Example:443", true),
        ("https://other.good.example", false), ("https://x.app.good.example", false), ("https://good.example", false),
        ("https://evil-app.good.example", false), ("https://app.good.example.evil.example", false),
        ("https://app-good.example", false), ("https://evil-good.example", false), ("https://appgood.example", false),
        ("http://app.good.example", false), ("http://app.good.example:443", false), ("wss://app.good.example", false),
        ("https://app.good.example:80", false), ("https://app.good.example:8443", true),
        ("https://any.good.example:8443", true), ("https://a.b.good.example:8443", false),
        ("https://good.example:8443", false), ("https://.good.example:8443", false),
        ("https://*.good.example:8443", false), ("https://app.good.example:08443", true),
        ("https://app.good.example.", false), ("https://app.good.example./", false),
        ("https://app.good.example/", false),
        ("https://app.good.example?", false), ("https://app.good.example#", false),
        ("https://app.good.example:", false),
        ("https://user@app.good.example", false), ("https://app.good.example@evil.example", false),
        ("https://evil.example\\@app.good.example", false), ("https://evil.example/app.good.example", false),
        ("https://xn--bcher-kva.example", true), ("https://XN--BCHER-KVA.example", true),
        ("https://b%C3%BCcher.example", false), ("https://bcher.example", false),
        ("https://xn--bcher-kvb.example", false), ("https://app.good.example, https://evil.example", false),
        ("https://evil.example https://app.good.example", false), ("//app.good.example", false),
        ("app.good.example", false), ("file://", false), ("https://[::1]", false), ("https://127.0.0.1", false),
    ]

    @Test func onlyTheTenantsOwnPagesOpenASession() throws {
        let harbour = try Self.harbour()
        var opened = 0
        for (origin, admitted) in Self.matrix {
            let client = harbour.client(fields: origin.map { ["Origin": $0] } ?? [:])
            try client.opened()
            let message = try client.message()
            #expect((message["type"] == "Begin") == admitted, "\(origin ?? "no Origin")")
            if admitted {
                opened += 1
                continue
            }
            #expect(message["refusal"] == "origin", "\(origin ?? "")")
            #expect(message["error_code"] == 4403)
            #expect(try client.toTheEnd().closeCode == 4403, "\(origin ?? "")")
        }
        #expect(harbour.accepted(in: "eu") == opened)
    }

    /// An official SDK sends its own target as Origin, with a header that no page can set.
    @Test func theRelaysOwnOriginPassesWithAnAuthorizationHeader() throws {
        let harbour = try Self.harbour()
        try harbour.client(fields: ["Origin": "https://localhost"]).begun()
        let other = harbour.client(fields: ["Origin": "https://localhost:8443"])
        try other.opened()
        #expect(try other.message()["error_code"] == 4403)
    }

    @Test(arguments: [
        ["https://app.good.example", "https://evil.example"], ["https://evil.example", "https://app.good.example"],
        ["https://app.good.example", "https://app.good.example"], ["https://app.good.example", "null"],
    ])
    func twoOriginsAreNoProperRequest(origins: [String]) throws {
        let harbour = try Self.harbour()
        let client = try harbour.wire()
        client.send(
            WireClient.head(
                lines: ["Authorization: \(harbour.key(of: "acme"))"] + origins.map { "Origin: \($0)" }))
        #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
        #expect(
            try client.readFrame().text.contains(#""error_code":4400,"error":"A request must have only one Origin"#))
        #expect(harbour.acceptedAnywhere == 0)
    }

    private static func harbour() throws -> RelayHarbour {
        try RelayHarbour { plan in
            plan.change("acme") { tenant in
                tenant.origins = [
                    "https://app.good.example", "https://*.good.example:8443", "https://xn--bcher-kva.example",
                ]
            }
        }
    }
}
