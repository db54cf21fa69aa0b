import Testing

@testable import Policy

@Suite struct HostAndPortTests {
    @Test(
        arguments: [
            ("EU.stt.Example.com", "eu.stt.example.com", nil),
            ("a:443", "a", 443),
            ("[::1]:8443", "[::1]", 8443),
            ("[::1]", "[::1]", nil),
            ("127.0.0.1:0", "127.0.0.1", 0),
        ] as [(String, String, UInt16?)])
    func hostAndPortComeApart(text: String, host: String, port: UInt16?) {
        #expect(HostAndPort(text)?.host == host)
        #expect(HostAndPort(text)?.port == port)
    }

    @Test(arguments: [
        "", ":80", "a:", "a:b", "a:65536", "a:-1", "a:+1", "a:000080", "[::1", "[::1]x", "[::1]:", "::1", "a:1:2",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(HostAndPort(text) == nil)
    }

    @Test func literalAddressesAreRecognised() {
        #expect(HostAndPort("[::1]:1")?.literalAddress == .v6(1))
        #expect(HostAndPort("10.0.0.1:1")?.literalAddress == .v4(0x0a00_0001))
        #expect(HostAndPort("example.com")?.literalAddress == nil)
    }

    @Test(arguments: [
        ("a-b.example", true), ("[::1]", true), ("a..b", false), (".a", false), ("a.", false), ("[::g]", false),
        ("[1.2.3.4]", false), ("a b", false), ("münchen.example", false), ("", false), ("a%2eb", false),
    ])
    func hostsAreNamesOrBracketedAddresses(text: String, isHost: Bool) {
        #expect(HostAndPort.isHost(text) == isHost)
    }
}
