import Configuration
import Crypto
import HTTP
import Policy
import Testing

@testable import RelayServer

@Suite struct UpstreamRequestTests {
    @Test func theHandshakeIsMadeAnewForTheEndpoint() throws {
        let request = UpstreamRequest(try head("/v3/ws?sample_rate=16000"))
        #expect(
            try sent(request, to: "wss://speech.example/v3/ws") == [
                "GET /v3/ws?sample_rate=16000 HTTP/1.1",
                "Host: speech.example",
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Version: 13",
                "User-Agent: tidegate",
                "Authorization: provider-key",
            ])
    }

    @Test(arguments: [
        ("/v3/ws", "/v3/ws"),
        ("/eu/v3/ws?a=1&b=%20+%2B&a=2", "/v3/ws?a=1&b=%20+%2B&a=2"),
        ("/v3/ws?token=tg_secret&a=1", "/v3/ws?a=1"),
        ("/v3/ws?a=1&zone=eu&token=x&token=y", "/v3/ws?a=1"),
        ("/v3/ws?t%6Fken=tg_secret&a=1", "/v3/ws?a=1"),
        ("/v3/ws?tokens=kept", "/v3/ws?tokens=kept"),
    ]) func theQueryPassesAsItCameWithoutWhatIsTidegatesOwn(_ asked: String, _ expected: String) throws {
        let lines = try sent(UpstreamRequest(try head(asked)), to: "wss://speech.example/v3/ws")
        #expect(lines.first == "GET \(expected) HTTP/1.1")
    }

    @Test func noFieldOfTheClientPassesButThoseOnTheList() throws {
        let fields: HeaderFields = [
            "Authorization": "tg_secret", "Cookie": "id=1", "Origin": "https://app.example", "User-Agent": "SDK/1",
            "X-Forwarded-For": "192.0.2.1", "Sec-WebSocket-Protocol": "tidegate.v1, bearer.tg_secret",
            "Sec-WebSocket-Extensions": "permessage-deflate", "assemblyai-version": "2025-05-12",
        ]
        let lines = try sent(UpstreamRequest(try head("/v3/ws", fields)), to: "wss://speech.example/v3/ws")
        #expect(lines.contains("AssemblyAI-Version: 2025-05-12"))
        for trace in ["tg_secret", "id=1", "app.example", "SDK/1", "192.0.2.1", "deflate", "tidegate.v1"] {
            #expect(!lines.contains { $0.contains(trace) }, "\(trace) reaches the upstream")
        }
    }

    @Test func theKeyStandsInItsFieldAndTemplate() throws {
        let header = try #require(KeyHeader(name: "X-Api-Key", template: "Token {key}!"))
        let lines = try sent(UpstreamRequest(try head("/v3/ws")), to: "wss://speech.example/", keyHeader: header)
        #expect(lines.last == "X-Api-Key: Token provider-key!")
        #expect(!lines.contains { $0.hasPrefix("Authorization") })
    }

    @Test func aKeyThatIsNoFieldValueIsNotSent() throws {
        let request = UpstreamRequest(try head("/v3/ws"))
        let endpoint = try Endpoint("wss://speech.example/v3/ws", in: try zone("eu"))
        let broken = Secret("line\r\nInjected: yes")
        let head = request.head(for: endpoint, key: "dGhlIHNhbXBsZSBub25jZQ==", providerKey: broken, in: KeyHeader())
        #expect(head == nil)
    }
}

private func sent(_ request: UpstreamRequest, to url: String, keyHeader: KeyHeader = KeyHeader()) throws -> [String] {
    let endpoint = try Endpoint(url, in: try zone("eu"))
    let bytes = try #require(
        request.head(
            for: endpoint, key: "dGhlIHNhbXBsZSBub25jZQ==", providerKey: Secret("provider-key"), in: keyHeader))
    let text = bytes.withBytes { String(decoding: $0, as: UTF8.self) }
    #expect(text.hasSuffix("\r\n\r\n"))
    return text.split(separator: "\r\n").map(String.init)
}

private func head(_ target: String, _ fields: HeaderFields = [:]) throws -> RequestHead {
    RequestHead(method: "GET", target: try RequestTarget(target), fields: fields)
}

private func zone(_ name: String) throws -> Zone {
    try #require(Zone(name))
}
