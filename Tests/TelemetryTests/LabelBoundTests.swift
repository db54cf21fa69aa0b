import Telemetry
import Testing

@Suite struct LabelBoundTests {
    @Test func thoseWhoComeFirstKeepTheirNamesForEver() {
        var bound = LabelBound(limit: 2)
        #expect(
            ["acme", "globex", "acme", "initech", "globex", "acme", "hooli"].map { bound.label(of: $0) } == [
                "acme", "globex", "acme", "other", "globex", "acme", "other",
            ])
    }

    @Test func whoeverIsCalledOtherIsOneOfTheOthers() {
        var bound = LabelBound(limit: 1)
        #expect(["other", "acme", "other"].map { bound.label(of: $0) } == ["other", "other", "other"])
    }
}
