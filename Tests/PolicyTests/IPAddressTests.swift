import Testing

@testable import Policy

@Suite struct IPAddressTests {
    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"),
        ("0.0.0.0", "0.0.0.0"),
        ("255.255.255.255", "255.255.255.255"),
        ("::", "::"),
        ("::1", "::1"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"),
        ("1::", "1::"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::ffff:192.0.2.1", "::ffff:c000:201"),
        ("64:ff9b::169.254.169.254", "64:ff9b::a9fe:a9fe"),
    ])
    func anAddressIsReadAndWritten(text: String, canonical: String) {
        #expect(IPAddress(text)?.description == canonical)
        #expect(IPAddress(canonical) == IPAddress(text))
    }

    @Test(arguments: [
        "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.04", "0x7f.0.0.1", "2130706433", "127.1", "1.2.3.4 ",
        "+1.2.3.4",
        ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1%eth0", "::1.2.3",
        "1.2.3.4::",
        "1:2:3:4:5:6:7:8::", "-1::", "[::1]",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func bytesAreInNetworkOrder() {
        #expect(IPAddress(bytes: [127, 0, 0, 1])?.description == "127.0.0.1")
        #expect(IPAddress(bytes: [0xfe, 0x80] + Array(repeating: 0, count: 13) + [1])?.description == "fe80::1")
        for count in [0, 3, 5, 15, 17] { #expect(IPAddress(bytes: Array(repeating: 1, count: count)) == nil) }
    }

    @Test(arguments: [
        ("::ffff:10.0.0.1", "10.0.0.1"), ("10.0.0.1", "10.0.0.1"), ("::10.0.0.1", "::a00:1"), ("::1", "::1"),
        ("64:ff9b::10.0.0.1", "64:ff9b::a00:1"), ("2001:db8::ffff:10.0.0.1", "2001:db8::ffff:a00:1"),
    ])
    func aMappedAddressIsTheIPv4AddressThatItIs(text: String, unmapped: String) {
        #expect(IPAddress(text)?.unmapped.description == unmapped)
    }

    @Test func anyAddressSurvivesARoundTripThroughText() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Seeded(state: seed)
        for _ in 0..<2_000 {
            let bytes = (0..<16).map { _ in Bool.random(using: &random) ? UInt8.random(in: 0...255, using: &random) : 0
            }
            let address = IPAddress(bytes: bytes)
            #expect(address.flatMap { IPAddress($0.description) } == address, "seed \(seed)")
        }
    }

    @Test(arguments: [
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::10.0.0.1", "10.0.0.1"),
        ("64:ff9b::10.0.0.1", "10.0.0.1"),
        ("2002:a00:1::", "10.0.0.1"),
        ("::1", "::1"),
        ("::", "::"),
        ("2001:db8::a00:1", "2001:db8::a00:1"),
        ("10.0.0.1", "10.0.0.1"),
    ])
    func theAddressInsideATranslatedOneIsFound(text: String, inner: String) {
        #expect(IPAddress(text)?.embedded.description == inner)
    }
}
