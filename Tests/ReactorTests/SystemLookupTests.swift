import Testing

@testable import Reactor

@Suite struct SystemLookupTests {
    @Test func theHostsFileIsRead() throws {
        let addresses = try SystemLookup.addresses(of: "localhost").get()
        #expect(!addresses.isEmpty && addresses.allSatisfy { $0.isLoopback && $0.port == 0 })
        #expect(Set(addresses).count == addresses.count)
    }

    @Test func aNameThatCannotExistIsAnError() {
        // RFC 1035 §2.3.4: a label has 63 octets at most, so no server is asked.
        let label = String(repeating: "a", count: 64)
        #expect(throws: ResolveError.self) { try SystemLookup.addresses(of: "\(label).example").get() }
    }
}
