import Testing

@testable import Policy

@Suite struct GrantTests {
    private func grant() throws -> Grant {
        let endpoints = try ["us1", "us2"].map { try Endpoint("wss://\($0).example/v3/ws", in: .us) }
        return Grant(tenant: .acme, zone: .us, policyVersion: "1", endpoints: endpoints)
    }

    @Test func endpointsAreHandedOutInOrderWithTheCurrentKey() throws {
        var grant = try grant()
        #expect(grant.ahead.map(\.host) == ["us1.example", "us2.example"])
        for host in ["us1.example", "us2.example"] {
            #expect(next(&grant) == Told(host: host, key: .current))
        }
        #expect(next(&grant) == nil)
        #expect(grant.ahead == [])
    }

    @Test func anEndpointOfTheGrantIsHandedOutOnceMoreWithTheKeyBeforeAndNoOther() throws {
        let grant = try grant()
        let own = try Endpoint("wss://us2.example/v3/ws", in: .us)
        #expect(told(grant.again(own)) == Told(host: "us2.example", key: .previous))
        for (url, zone) in [("wss://us2.example/v3/ws", Zone.eu), ("wss://us3.example/v3/ws", .us)] {
            #expect(told(grant.again(try Endpoint(url, in: zone))) == nil)
        }
    }

    private struct Told: Equatable {
        let host: String
        let key: KeyChoice
    }

    // A granted endpoint cannot be compared, because it cannot be copied.

    private func next(_ grant: inout Grant) -> Told? {
        told(grant.next())
    }

    private func told(_ granted: consuming GrantedEndpoint?) -> Told? {
        guard let granted else { return nil }
        return Told(host: granted.endpoint.host, key: granted.key)
    }
}
