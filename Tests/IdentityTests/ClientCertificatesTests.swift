import Policy
import Testing

@testable import Identity

@Suite struct ClientCertificatesTests {
    private let certificates = ClientCertificates(
        of: policy([
            "acme": ["CN=acme-device, O=Acme GmbH", "DNS:Device.Acme.example"],
            "globex": ["URI:spiffe://globex.example/stt", "cn=g"],
            "hooli": ["CN=both"], "initech": ["CN=both"],
        ]))

    @Test(arguments: [
        (["CN=acme-device,O=Acme GmbH"], "acme", "CN=acme-device, O=Acme GmbH"),
        (["CN=unheard-of", "DNS:device.acme.example"], "acme", "DNS:Device.Acme.example"),
        (["CN=acme-device,O=Acme GmbH", "DNS:device.acme.example"], "acme", "CN=acme-device, O=Acme GmbH"),
        (["", "URI:spiffe://globex.example/stt"], "globex", "URI:spiffe://globex.example/stt"),
        (["CN=g"], "globex", "cn=g"),
    ])
    func theFirstNameThatATenantHasProvesIt(names: [String], tenant: String, name: String) {
        let owner = certificates.owner(of: names)
        #expect(owner?.tenant.text == tenant)
        #expect(owner?.name == name)
    }

    @Test(arguments: [
        [], [""], ["CN=unheard-of"], ["CN=acme-device"], ["CN=acme-device,O=Acme GmbH,C=DE"], ["DNS:acme.example"],
        ["CN=G"], ["URI:spiffe://globex.example/STT"], ["DNS:CN=g"], ["URI:DNS:device.acme.example"],
    ])
    func namesThatNobodyHasProveNobody(names: [String]) {
        #expect(certificates.owner(of: names) == nil)
    }

    @Test func namesOfTwoTenantsProveNeither() {
        #expect(certificates.owner(of: ["CN=g", "DNS:device.acme.example"]) == nil)
        #expect(certificates.owner(of: ["DNS:device.acme.example", "CN=other", "CN=g"]) == nil)
    }

    @Test func aNameThatTwoTenantsClaimProvesNeither() {
        #expect(certificates.owner(of: ["CN=both"]) == nil)
        #expect(certificates.owner(of: ["CN=g", "CN=both"]) == nil)
    }
}

private func policy(_ names: [String: [String]]) -> PolicySnapshot {
    let tenants = names.compactMap { tenant, names in
        TenantName(tenant).map { Tenant(name: $0, residency: .any, certificates: names) }
    }
    return PolicySnapshot(version: "1", site: Site(name: "here"), zones: [], hosts: [:], tenants: tenants)
}
