import Policy
import RelayCore
import Testing

@Suite struct TrustedProxiesTests {
    private let proxies = TrustedProxies(["10.0.0.0/8", "2001:db8::/32"].compactMap { Network($0) })

    private func client(_ peer: String, _ lists: String...) -> String? {
        IPAddress(peer).map { proxies.client(behind: $0, forwardedFor: lists).description }
    }

    @Test(arguments: [
        ("203.0.113.9", "203.0.113.9"), ("203.0.113.9, 10.0.0.2", "203.0.113.9"),
        // What stands before the first address that is no balancer's, the client may have made up.
        ("198.51.100.7, 203.0.113.9", "203.0.113.9"), ("10.0.0.9, 203.0.113.9,10.0.0.2", "203.0.113.9"),
        // All the way through balancers.
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"), ("", "10.0.0.1"), (" , ,", "10.0.0.1"),
        // Forms.
        ("203.0.113.9:4711", "203.0.113.9"), ("\t2001:DB9::1 ", "2001:db9::1"), ("[2001:db9::1]", "2001:db9::1"),
        ("[2001:db9::1]:80", "2001:db9::1"), ("::ffff:203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, ::ffff:10.0.0.2", "203.0.113.9"), ("203.0.113.9, 2001:db8::5", "203.0.113.9"),
        // No address: whoever wrote it is all that is known.
        ("unknown", "10.0.0.1"), ("203.0.113.9, unknown", "10.0.0.1"), ("203.0.113.9, _hidden, 10.0.0.2", "10.0.0.2"),
        ("203.0.113.9, 10.0.0.2x", "10.0.0.1"), ("203.0.113.9;10.0.0.2", "10.0.0.1"), ("1.2.3.4:99999", "10.0.0.1"),
        ("évil", "10.0.0.1"),
    ])
    func theRightmostAddressThatIsNoBalancersIsTheClients(list: String, expected: String) {
        #expect(client("10.0.0.1", list) == expected)
    }

    @Test func severalLinesAreOneList() {
        #expect(client("10.0.0.1", "198.51.100.7", "203.0.113.9", "10.0.0.2") == "203.0.113.9")
        #expect(client("10.0.0.1", "203.0.113.9", "") == "203.0.113.9")
        #expect(client("10.0.0.1") == "10.0.0.1")
    }

    @Test func whoIsNoBalancerIsNotBelieved() {
        #expect(client("192.0.2.1", "203.0.113.9") == "192.0.2.1")
        #expect(client("::ffff:192.0.2.1", "203.0.113.9") == "192.0.2.1")
        #expect(client("::ffff:10.0.0.1", "203.0.113.9") == "203.0.113.9")
        #expect(TrustedProxies().client(behind: .v4(1), forwardedFor: ["203.0.113.9"]) == .v4(1))
    }

    @Test func whereNoBalancerIsNamedAnybodyMaySpeakTheirProtocolAndNobodysFieldIsBelieved() {
        #expect(TrustedProxies().mayAnnounce(.v4(1)) && !TrustedProxies().contains(.v4(1)))
        #expect(proxies.mayAnnounce(.v4(0x0A00_0001)) && !proxies.mayAnnounce(.v4(1)))
    }
}
