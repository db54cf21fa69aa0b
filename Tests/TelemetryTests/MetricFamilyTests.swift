import Telemetry
import Testing

@Suite struct MetricFamilyTests {
    @Test func namesAreDifferentAndSayTheirUnit() {
        let names = MetricFamily.all.map(\.name)
        #expect(Set(names).count == names.count)
        for family in MetricFamily.all {
            #expect(family.name.wholeMatch(of: /(tidegate|process)_[a-z0-9_]+/) != nil)
            #expect(family.name.hasSuffix("_total") == (family.kind == .counter), "\(family.name)")
            #expect(family.help.hasSuffix("."))
        }
    }

    @Test func onlyHistogramsHaveBoundsAndTheyAscend() {
        for family in MetricFamily.all {
            #expect(family.bounds.isEmpty == (family.kind != .histogram))
            #expect(zip(family.bounds, family.bounds.dropFirst()).allSatisfy(<))
        }
    }

    /// Labels whose values are of a closed list, or of the configuration; tenants are bounded by whoever counts them.
    @Test func everyLabelIsOneOfThese() {
        let known: Set = [
            "version", "outcome", "decision", "zone", "refusal", "by", "issuer", "ending", "direction", "tenant",
            "kind", "limit",
            "from", "to", "reason", "key", "endpoint", "state", "loop",
        ]
        #expect(MetricFamily.all.allSatisfy { known.isSuperset(of: $0.labels) })
    }

    @Test func tenantsStandInFamiliesOfTheirOwn() {
        for family in MetricFamily.all {
            #expect(family.labels.contains("tenant") == family.name.hasPrefix("tidegate_tenant_"), "\(family.name)")
        }
    }

    @Test func theProcessHasTheNamesOfEveryProgram() {
        let names = MetricFamily.all.map(\.name).filter { !$0.hasPrefix("tidegate_") }
        #expect(
            Set(names).isSuperset(of: [
                "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds",
            ]))
    }
}
