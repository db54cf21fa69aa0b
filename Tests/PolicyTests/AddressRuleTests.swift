import Testing

@testable import Policy

@Suite struct AddressRuleTests {
    @Test(
        arguments: [
            ("8.8.8.8", .global), ("127.0.0.1", .loopback), ("127.255.0.1", .loopback), ("10.0.0.1", .private),
            ("172.16.0.1", .private), ("172.32.0.1", .global), ("192.168.1.1", .private), ("100.64.0.1", .private),
            ("100.128.0.1", .global), ("169.254.169.254", .linkLocal), ("0.0.0.0", .unspecified), ("0.1.2.3", .private),
            ("224.0.0.1", .multicast), ("255.255.255.255", .multicast), ("250.0.0.1", .private),
            ("198.18.0.1", .private),
            ("2606:4700::1", .global), ("::", .unspecified), ("::1", .loopback), ("fe80::1", .linkLocal),
            ("fd00::1", .private),
            ("fec0::1", .private), ("ff02::1", .multicast), ("2001:db8::1", .private), ("2001::1", .private),
            ("64:ff9b:1::1", .private), ("::ffff:127.0.0.1", .loopback), ("::ffff:8.8.8.8", .global),
            ("64:ff9b::169.254.169.254", .linkLocal), ("64:ff9b::8.8.8.8", .global), ("2002:7f00:1::", .loopback),
            ("2002:808:808::", .global), ("::127.0.0.1", .loopback),
        ] as [(String, AddressScope)])
    func everyAddressHasTheScopeOfWhereItEndsUp(address: String, scope: AddressScope) {
        #expect(IPAddress(address)?.scope == scope)
    }

    @Test(arguments: [
        ("8.8.8.8", true), ("2606:4700::1", true), ("127.0.0.1", false), ("::1", false), ("10.0.0.1", false),
        ("100.64.0.1", false), ("169.254.169.254", false), ("fd00::1", false), ("fe80::1", false),
        ("::ffff:10.0.0.1", false), ("64:ff9b::169.254.169.254", false), ("0.0.0.0", false), ("ff02::1", false),
    ])
    func aNameMayOnlyPointOutward(address: String, connects: Bool) {
        #expect(verdict(address, host: "provider.example") == connects)
    }

    @Test func localhostMeansLoopbackOnly() {
        #expect(verdict("127.0.0.1", host: "localhost"))
        #expect(verdict("::1", host: "LOCALHOST"))
        #expect(!verdict("10.0.0.1", host: "localhost"))
        #expect(!verdict("8.8.8.8", host: "localhost"))
    }

    @Test func literalAndConfiguredAddressesSayItThemselves() {
        #expect(verdict("127.0.0.1", host: "127.0.0.1"))
        #expect(verdict("::1", host: "[::1]"))
        #expect(verdict("10.20.0.15", host: "provider.example", configured: true))
        #expect(verdict("127.0.0.1", host: "localhost", configured: true))
        #expect(!verdict("0.0.0.0", host: "0.0.0.0"))
        #expect(!verdict("224.0.0.1", host: "provider.example", configured: true))
        // What a resolver would read as an address but is none by the strict reading stays a name.
        #expect(!verdict("127.0.0.1", host: "127.1"))
    }

    @Test(
        arguments: [
            ("10.20.0.15", ["10.20.0.0/16"], true),
            ("10.21.0.15", ["10.20.0.0/16"], false),
            ("8.8.8.8", ["10.20.0.0/16"], false),
            ("8.8.8.8", ["10.20.0.0/16", "8.8.8.0/24"], true),
            ("::ffff:10.20.0.15", ["10.20.0.0/16"], true),
            ("64:ff9b::8.8.8.8", ["64:ff9b::/96"], true),
            ("64:ff9b::169.254.169.254", ["64:ff9b::/96"], false),
            ("64:ff9b::169.254.169.254", ["169.254.0.0/16"], true),
            ("fd00::1", ["fd00::/8"], true),
            ("0.0.0.0", ["0.0.0.0/0"], false),
        ] as [(String, [String], Bool)])
    func ifNetworksAreGivenTheAddressMustBeInsideOne(address: String, networks: [String], connects: Bool) {
        for host in ["provider.example", "localhost", "127.0.0.1"] {
            #expect(verdict(address, host: host, networks: networks) == connects, "\(host)")
            #expect(verdict(address, host: host, configured: true, networks: networks) == connects, "\(host)")
        }
    }
}

private func verdict(_ address: String, host: String, configured: Bool = false, networks: [String] = []) -> Bool {
    mayConnect(
        to: IPAddress(address)!, endpointHost: host, hasConfiguredAddress: configured,
        networks: networks.map { Network($0)! }) == .connect
}
