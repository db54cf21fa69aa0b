import Testing

@testable import Reactor

@Suite struct SocketAddressTests {
    @Test(
        arguments: [
            ("127.0.0.1", "127.0.0.1:8443", [127, 0, 0, 1]),
            ("203.0.113.9", "203.0.113.9:8443", [203, 0, 113, 9]),
            ("::1", "[::1]:8443", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            ("[::1]", "[::1]:8443", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
            (
                "2001:db8:0:0:0:0:0:5", "[2001:db8::5]:8443",
                [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5]
            ),
        ] as [(String, String, [UInt8])])
    func aLiteralHasItsTextAndItsBytes(literal: String, text: String, bytes: [UInt8]) throws {
        let address = try #require(SocketAddress(literal: literal, port: 8443))
        #expect(address.description == text)
        #expect(address.bytes == bytes)
        #expect(address.port == 8443)
        #expect(SocketAddress(bytes: bytes, port: 8443) == address)
        #expect(SocketAddress(literal: address.host, port: 8443) == address)
    }

    @Test(arguments: [
        "", "localhost", "example.com", "127.1", "0x7f.0.0.1", "256.0.0.1", "127.0.0.1 ", "127.0.0.1\0.example.com",
        "[127.0.0.1]", "::1]", "[::1", "[]", "fe80::1%eth0", "1:2:3:4:5:6:7:8:9",
    ])
    func anythingElseIsNoLiteral(text: String) {
        #expect(SocketAddress(literal: text, port: 1) == nil)
    }

    @Test func anIPv4AddressWrittenAsIPv6IsTheIPv4Address() throws {
        let mapped = try #require(SocketAddress(literal: "::ffff:127.0.0.1", port: 80))
        #expect(mapped == SocketAddress(literal: "127.0.0.1", port: 80))
        #expect(mapped.isLoopback)
        #expect(mapped.bytes == [127, 0, 0, 1])
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.255.0.9", true), ("::1", true), ("126.0.0.1", false), ("128.0.0.1", false),
        ("0.0.0.0", false), ("::", false), ("::2", false), ("10.0.0.1", false), ("1::1", false),
    ])
    func loopbackIsKnown(literal: String, isLoopback: Bool) throws {
        #expect(try #require(SocketAddress(literal: literal, port: 1)).isLoopback == isLoopback)
    }

    @Test(arguments: [0, 1, 3, 5, 15, 17])
    func noOtherCountOfBytesIsAnAddress(count: Int) {
        #expect(SocketAddress(bytes: [UInt8](repeating: 1, count: count), port: 1) == nil)
    }

    @Test(arguments: ["192.0.2.1", "2001:db8::1"])
    func whatTheSystemIsLentComesBackTheSame(literal: String) throws {
        let address = try #require(SocketAddress(literal: literal, port: 65_535))
        #expect(address.withSockaddr { SocketAddress($0, $1) } == address)
        #expect(address.withSockaddr { pointer, _ in SocketAddress(pointer, 7) } == nil)
        #expect(address.with(port: 1).description.hasSuffix(":1"))
    }
}
