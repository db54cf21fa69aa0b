import Testing

@testable import Policy

@Suite struct AskTests {
    @Test(
        arguments: [
            ("stt.example.com", "/v3/ws", [], nil),
            ("stt.example.com", "//v3/ws", [], nil),
            ("eu.stt.example.com", "/v3/ws", [], .eu),
            ("EU.STT.example.com:8443", "/v3/ws", [], .eu),
            ("eu.stt.example.com.", "/v3/ws", [], .eu),
            ("stt.example.com", "/us/v3/ws", [], .us),
            ("stt.example.com", "/v3/ws", ["edge"], .edge),
            ("stt.example.com", "/v3/ws", ["eu", "eu"], .eu),
            ("eu.stt.example.com", "/eu/v3/ws", ["eu"], .eu),
            (nil, "/v3/ws", [], nil),
            ("[::1", "/v3/ws", [], nil),
        ] as [(String?, String, [String], Zone?)])
    func aZoneIsAskedForByHostPathOrParameter(host: String?, path: String, parameters: [String], zone: Zone?) throws {
        #expect(try ask(host, path, parameters).zone == zone)
    }

    @Test(
        arguments: [
            ("eu.stt.example.com", "/us/v3/ws", []),
            ("eu.stt.example.com", "/v3/ws", ["us"]),
            ("stt.example.com", "/eu/v3/ws", ["us"]),
            ("stt.example.com", "/v3/ws", ["eu", "us"]),
        ] as [(String, String, [String])])
    func askingForTwoZonesIsRefusedAndNamesBoth(host: String, path: String, parameters: [String]) {
        let error = #expect(throws: AskError.self) { try ask(host, path, parameters) }
        #expect(error?.refusal.name == .badRequest)
        #expect(error?.refusal.status == 400)
        #expect(error?.refusal.sentence.contains("eu") == true)
        #expect(error?.refusal.sentence.contains("us") == true)
    }

    @Test(arguments: [
        ("/mars/v3/ws", []), ("/v3/ws", ["mars"]), ("/v3/ws", ["EU"]), ("/v3/ws", [""]), ("/v3/ws", ["a\r\nb"]),
    ])
    func anUndefinedZoneIsRefusedAndTheDefinedOnesNamed(path: String, parameters: [String]) {
        let error = #expect(throws: AskError.self) { try ask(nil, path, parameters) }
        #expect(error?.refusal.status == 400)
        #expect(error?.refusal.sentence.hasSuffix("is not defined here. Defined: edge, us and eu.") == true)
        #expect(error?.refusal.sentence.contains("\n") == false)
    }

    @Test(arguments: [
        "", "/", "/v3", "/v3/ws/", "/v3/wsx", "///v3/ws", "/eu//v3/ws", "//eu/v3/ws", "/EU/v3/ws", "/eu/us/v3/ws",
        "/%65u/v3/ws",
        "/eu;x/v3/ws", "/../v3/ws", "v3/ws", "/v3/token", "http://a/v3/ws", "/v3/ws?x", "/any/v3/ws",
    ])
    func anyOtherPathIsNotFound(path: String) {
        #expect(throws: AskError.unknownPath) { try ask(nil, path, []) }
        #expect(AskError.unknownPath.refusal.status == 404)
    }

    @Test(arguments: [("/v3/token", nil), ("//v3/token", nil), ("/eu/v3/token", .eu)] as [(String, Zone?)])
    func tokensAreWhereSessionsAre(path: String, zone: Zone?) throws {
        #expect(try Ask.from(host: nil, path: path, to: .token, zones: [.edge, .us, .eu]).zone == zone)
        #expect(throws: AskError.unknownPath) { try Ask.from(host: nil, path: path, to: .session, zones: [.eu]) }
    }

    @Test(arguments: ["/v3/ws", "/v3/token/", "/v3/tokens", "///v3/token", "/eu/us/v3/token", "/%65u/v3/token"])
    func noTokenIsElsewhere(path: String) {
        #expect(throws: AskError.unknownPath) { try Ask.from(host: nil, path: path, to: .token, zones: [.eu, .us]) }
    }
}

private func ask(_ host: String?, _ path: String, _ parameters: [String]) throws(AskError) -> Ask {
    try Ask.from(
        host: host, path: path, zoneParameters: parameters,
        hosts: ["eu.stt.example.com": .eu, "us.stt.example.com": .us], zones: [.edge, .us, .eu])
}
