import HTTP
import Testing

@Suite struct HostTests {
    @Test(
        arguments: [
            ("example.com", "example.com", nil), ("EXAMPLE.com:443", "example.com", 443),
            ("10.0.0.1:80", "10.0.0.1", 80),
            ("[::1]", "[::1]", nil), ("[2001:DB8::1]:8080", "[2001:db8::1]", 8080), ("a_b-c~d.", "a_b-c~d.", nil),
            ("a:65535", "a", 65535), ("a:0", "a", 0),
        ] as [(String, String, UInt16?)])
    func aHostHasANameAndPerhapsAPort(text: String, name: String, port: UInt16?) {
        let host = Host(text)
        #expect(host?.name == name)
        #expect(host?.port == port)
    }

    @Test(arguments: [
        "", ":80", "a:", "a:65536", "a:000080", "a:+1", "a:8 0", "a b", "a/b", "a?b", "a#b", "user@a", "a,b", "a%41",
        "é", "a:80:80",
        "[]", "[::1", "[::1]x", "[g]", "::1", "a\t", "a\r\nX: b", "http://a",
    ])
    func whatIsNoHostIsRefused(text: String) {
        #expect(Host(text) == nil)
    }
}
