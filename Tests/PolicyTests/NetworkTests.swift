import Testing

@testable import Policy

@Suite struct NetworkTests {
    @Test(arguments: [
        ("10.20.0.0/16", "10.20.255.255", true),
        ("10.20.0.0/16", "10.21.0.0", false),
        ("10.20.0.15", "10.20.0.15", true),
        ("10.20.0.15/32", "10.20.0.16", false),
        ("0.0.0.0/0", "8.8.8.8", true),
        ("0.0.0.0/0", "::1", false),
        ("::/0", "2001:db8::1", true),
        ("2001:db8::/32", "2001:db8:ffff::1", true),
        ("2001:db8::/32", "2001:db9::1", false),
        ("2001:db8::/127", "2001:db8::1", true),
        ("2001:db8::/127", "2001:db8::2", false),
    ])
    func aRangeHoldsItsAddresses(network: String, address: String, holds: Bool) {
        #expect(Network(network)!.contains(IPAddress(address)!) == holds)
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.1/8", "a/8", "10.0.0.0/8/8",
        "10.0.0.0/0008",
    ])
    func whatIsNoRangeIsRefused(text: String) {
        #expect(Network(text) == nil)
    }

    @Test func aRangePrintsWithItsPrefix() {
        #expect(Network("10.0.0.0/8")?.description == "10.0.0.0/8")
        #expect(Network("::1")?.description == "::1/128")
    }
}
