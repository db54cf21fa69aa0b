import Testing

@testable import Policy

@Suite struct ZoneTests {
    @Test(arguments: ["us", "eu", "edge", "eu-west-1", "a", String(repeating: "z", count: 63)])
    func aLowercaseNameIsAZone(name: String) {
        #expect(Zone(name)?.name == name)
    }

    @Test(arguments: [
        "", "EU", "1eu", "-eu", "eu_1", "eu.west", "eu/us", "eü", "eu ", "eu\r\n", "any",
        String(repeating: "z", count: 64),
    ])
    func anythingElseIsNone(name: String) {
        #expect(Zone(name) == nil)
    }
}
