import Telemetry
import Testing

@Suite struct MetricFamilyTests {
    @Test func namesAreDifferentAndSayTheirUnit() {
        let names = MetricFamily.all.map(\.name)
        #expect(Set(names).count == names.count)
        for family in MetricFamily.all {
            #expect(family.name.wholeMatch(of: /tidegate_[a-z_]+/) != nil)
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

    @Test func noLabelNamesATenant() {
        #expect(MetricFamily.all.allSatisfy { !$0.labels.contains("tenant") })
    }
}
