import Testing

@testable import Policy

@Suite struct CertificateNameTests {
    @Test(arguments: [
        ("CN=acme-device,O=Acme GmbH", "cn = acme-device , o=Acme GmbH"),
        ("CN=a+OU=b,O=c", "OU=b + CN=a, O=c"),
        (##"CN=Acme\, Inc.,C=DE"##, ##"CN=Acme\2C Inc.,C=DE"##),
        ("CN=Gerät", ##"CN=Ger\C3\A4t"##),
        (##"CN=\ a\ "##, ##"CN=  \20a\20  "##),
        (##"CN=\#1"##, ##"CN=\231"##),
        ("CN=a=b", ##"CN=a\=b"##),
        ("1.2.3.4=#04024869", "1.2.3.4=#04024869".lowercased()),
        ("1.2.3.4=#0402AB", "1.2.3.4=#0402ab"),
        ("DNS:device.acme.example", "dns: Device.ACME.example"),
        ("email:Device@acme.example", "EMAIL:Device@Acme.Example"),
        ("IP:2001:db8::1", "IP:2001:db8:0:0:0:0:0:1"),
        ("URI:spiffe://acme/device", "uri:spiffe://acme/device"),
    ])
    func twoTextsOfOneNameAreEqual(one: String, other: String) throws {
        #expect(try #require(CertificateName(one)) == #require(CertificateName(other)))
    }

    @Test(arguments: [
        ("CN=a,O=b", "O=b,CN=a"), ("CN=a,O=b", "CN=a"), ("CN=a,O=b", ##"CN=a\,O=b"##), ("CN=a+O=b", "CN=a,O=b"),
        ("CN=a+O=b", ##"CN=a\+O=b"##), ("CN=a", "CN=A"), ("CN=a", "OU=a"), ("CN=a", ##"CN=a\00"##),
        ("CN=a", ##"CN=a\ "##),
        ("CN=#0402", ##"CN=\#0402"##), ("DNS:a.test", "CN=a.test"), ("DNS:a.test", "URI:dns:a.test"),
        ("DNS:a.test", ##"DNS=a.test"##), ("URI:urn:a", "URI:urn:A"), ("email:a@b.test", "email:A@b.test"),
        ("IP:192.0.2.1", "DNS:192.0.2.1"), ("IP:192.0.2.1", "IP:192.0.2.2"),
    ])
    func twoNamesAreNot(one: String, other: String) throws {
        #expect(try #require(CertificateName(one)) != #require(CertificateName(other)))
    }

    @Test(arguments: [
        "", " ", "acme", "acme-device,O=Acme", "CN", "CN=", "CN= ", "=a", "CN=a,", ",CN=a", "CN=a,,O=b", "CN=a+",
        "CN=a+CN=a",
        "C N=a", "CN=a;O=b", ##"CN="a""##, ##"CN=a\"##, ##"CN=a\4"##, ##"CN=a\x"##, "CN=<a>", "CN=#", "CN=#0", "CN=#0G",
        "1=a", "1.=a",
        "1..2=a", "-CN=a", "DNS:", "DNS:a b", "DNS:ä.test", "URI:", "URI:relative", "email:", "email:a", "email:@b",
        "email:a@", "IP:", "IP:300.1.1.1", "IP:a.test", "RID:1.2.3", "CN=a\0",
    ])
    func whatIsNoNameIsNone(text: String) {
        #expect(CertificateName(text) == nil)
    }
}
