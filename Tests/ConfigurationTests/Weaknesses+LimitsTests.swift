import Testing

@testable import Configuration

@Suite struct WeaknessesOfLimitsTests {
    @Test(arguments: [
        "sessions: 9000", "session: 3h", "audio_rate: 1", "audio_hours_per_day: 0.1", "new_sessions_per_minute: 5",
    ])
    func aLimitThatBindsHasNoWeakness(limit: String) throws {
        #expect(try told("t1: {residency: [eu, us], limits: {\(limit)}}") == [])
    }

    @Test(arguments: [
        (
            "sessions: 9001",
            "tenant t1 may have 9001 sessions, and the whole relay 9000; lower it, or raise `limits: sessions:` of the "
                + "relay"
        ),
        (
            "session: 4h",
            "sessions of tenant t1 end earlier, by `timeouts: session:` of the relay; lower it, or raise that one"
        ),
        (
            "audio_rate: 0.9",
            "speech of tenant t1 comes slower than it is spoken, and every session falls behind; allow 1 at least"
        ),
    ])
    func aLimitThatBindsNobodyOrTooMuchIsTold(limit: String, expected: String) throws {
        let name = limit.prefix { $0 != ":" }
        #expect(
            try told("t1: {residency: [eu, us], limits: {\(limit)}}") == [
                "p.yaml:2:\(48 + name.utf8.count): warning: \(expected)"
            ])
    }

    @Test func audioThatCannotBeMeasuredCannotBeBounded() throws {
        let tenant = "t1: {residency: [us, house], limits: {audio_rate: 2, audio_hours_per_day: 5, sessions: 2}}"
        let expected = ["audio_rate", "audio_hours_per_day"].map {
            "\($0) does not bind tenant t1 in zone house, whose audio cannot be measured; give the zone "
                + "`audio_bytes_per_second`"
        }
        #expect(try told(tenant).map(sentence) == expected)
        #expect(try told(tenant.replacing("house", with: "eu")) == [])
        #expect(try told(tenant, house: ", audio_bytes_per_second: 32000") == [])
    }

    @Test func whoeverMayUseUpWhatAllShareIsNamedWhereOthersAreBounded() throws {
        let bounded = "t1: {residency: [eu, us], limits: {new_sessions_per_minute: 5}}"
        let free = ["t2", "t3"].map { "\($0): {residency: [eu, us]}" }.joined(separator: ", ")
        let expected =
            "tenants t2, t3 may begin any number of sessions in a minute, and the provider's own bound is for all who share "
            + "a key; give them `limits: new_sessions_per_minute:`, too"
        #expect(try told(bounded + ", " + free).map(sentence) == [expected])
        #expect(try told(free) == [])
        // Whoever has an account of its own takes nothing from others.
        #expect(try told(bounded + ", t2: {residency: [eu, us], provider_keys: {eu: {env: KEY}}}") == [])
    }

    private func sentence(_ line: String) -> String {
        line.split(separator: "warning: ").last.map(String.init) ?? line
    }

    /// The warnings of tenants, but that nothing proves them.
    private func told(_ tenants: String, house: String = "") throws -> [String] {
        let directory = try Directory()
        try directory.write("p.yaml", "version: 1\ntenants: {\(tenants)}")
        let path = try directory.write(
            "tidegate.yaml",
            """
            version: 1
            site: {name: here, zone: us}
            listeners: [{address: "127.0.0.1:0"}]
            zones:
              eu: {endpoints: ["wss://a.example/", "wss://b.example/"], key: {env: KEY}}
              us: {endpoints: ["wss://a.example/", "wss://b.example/"], key: {env: KEY}}
              house: {provider: generic, endpoints: ["wss://h.example/", "wss://i.example/"], key: {env: KEY}\(house)}
            policy: ["p.yaml"]
            """)
        let warnings = ConfigurationLoader.load(path, environment: ["KEY": "k"]).readFaults.warnings
        return directory.told(warnings).filter {
            !$0.contains("`receipts` is left out") && !$0.contains("nothing proves tenant")
        }
    }
}
