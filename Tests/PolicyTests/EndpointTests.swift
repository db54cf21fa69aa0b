import Testing

@testable import Policy

@Suite struct EndpointTests {
    @Test(
        arguments: [
            ("wss://streaming.eu.assemblyai.com/v3/ws", true, "streaming.eu.assemblyai.com", 443, "/v3/ws"),
            ("WSS://Stt.Example:9443", true, "stt.example", 9443, "/"),
            ("ws://127.0.0.1:9000/", false, "127.0.0.1", 9000, "/"),
            ("ws://[::1]/listen", false, "[::1]", 80, "/listen"),
        ] as [(String, Bool, String, UInt16, String)])
    func aURLComesApart(url: String, secure: Bool, host: String, port: UInt16, path: String) throws {
        let endpoint = try Endpoint(url, in: .eu)
        #expect(endpoint.secure == secure)
        #expect(endpoint.host == host)
        #expect(endpoint.port == port)
        #expect(endpoint.path == path)
        #expect(endpoint.zone == .eu)
    }

    @Test(
        arguments: [
            ("https://a.example/", .scheme),
            ("a.example/v3/ws", .scheme),
            ("", .scheme),
            ("wss://a.example/v3/ws?zone=eu", .query),
            ("wss://a.example/v3/ws#x", .fragment),
            ("wss://user:pass@a.example/", .userInformation),
            ("wss:///v3/ws", .host),
            ("wss://a.example:0/", .host),
            ("wss://a.example:65536/", .host),
            ("wss://a b/", .host),
            ("wss://::1/", .host),
            ("wss://a.example/ü", .path),
            ("wss://a.example/a b", .path),
            ("wss://a.example/\r\nX: y", .path),
        ] as [(String, EndpointError)])
    func whatAnEndpointMayNotHoldIsNamed(url: String, error: EndpointError) {
        #expect(throws: error) { try Endpoint(url, in: .eu) }
        #expect(!error.sentence.isEmpty)
    }

    @Test func theAuthorityLeavesOutTheSchemesOwnPort() throws {
        #expect(try Endpoint("wss://a.example:443/", in: .eu).authority == "a.example")
        #expect(try Endpoint("ws://a.example:443/", in: .eu).authority == "a.example:443")
        #expect(try Endpoint("ws://[::1]:9000/", in: .eu).authority == "[::1]:9000")
        #expect(try Endpoint("ws://[::1]:9000/", in: .eu).hostName == "::1")
    }

    @Test func anAddressIsALiteralWithAPort() {
        #expect(EndpointAddress("10.20.0.15:443")?.description == "10.20.0.15:443")
        #expect(EndpointAddress("[2001:db8::1]:443")?.description == "[2001:db8::1]:443")
        for text in ["10.20.0.15", "a.example:443", "10.20.0.15:0", "2001:db8::1", ""] {
            #expect(EndpointAddress(text) == nil, "\(text)")
        }
    }
}
