import Telemetry
import Testing

@Suite struct MetricsTests {
    @Test func whatIsCountedAddsUpByLabels() {
        var metrics = Metrics()
        metrics.add(.sessions, "eu", "idle")
        metrics.add(.sessions, "eu", "idle", by: 2)
        metrics.add(.sessions, "eu", "abandoned")
        metrics.add(.sessions, "us", "idle", by: 0)
        let series = metrics.series(of: .sessions)
        #expect(series.map(\.labels) == [["eu", "abandoned"], ["eu", "idle"], ["us", "idle"]])
        #expect(series.map(\.value.sum) == [1, 3, 0])
        #expect(metrics.series(of: .refusals).isEmpty)
    }

    @Test func bucketsHoldWhatIsNotAboveTheirBound() {
        var metrics = Metrics()
        let values = [0.01, 0.010001, 1, 10, 11]
        for value in values { metrics.observe(.dialSeconds, "eu", value: value) }
        let value = metrics.series(of: .dialSeconds)[0].value
        #expect(value.count == 5)
        #expect(value.sum == values.reduce(0, +))
        #expect(value.buckets == [1, 2, 2, 2, 2, 2, 3, 3, 3, 4])
    }

    @Test func mergingIsCountingInOnePlace() {
        var whole = Metrics()
        var parts = [Metrics(), Metrics(), Metrics()]
        for number in 0..<300 {
            let zone = ["eu", "us", "edge"][number % 3]
            let seconds = Double(number) / 20
            whole.add(.refusals, "limit")
            whole.observe(.dialSeconds, zone, value: seconds)
            parts[number / 7 % 3].add(.refusals, "limit")
            parts[number / 7 % 3].observe(.dialSeconds, zone, value: seconds)
        }
        var merged = Metrics()
        for part in parts { merged.merge(part) }
        #expect(merged.series(of: .refusals).map(\.value) == whole.series(of: .refusals).map(\.value))
        let (left, right) = (merged.series(of: .dialSeconds), whole.series(of: .dialSeconds))
        #expect(left.map(\.labels) == right.map(\.labels))
        #expect(left.map(\.value.buckets) == right.map(\.value.buckets))
        for (left, right) in zip(left, right) { #expect(abs(left.value.sum - right.value.sum) < 1e-6) }
    }

    @Test func whatWasSortedElsewhereIsTheSameHistogram() {
        let family = MetricFamily.loopTurnSeconds
        let values = [0.00005, 0.0001, 0.0003, 0.9, 1, 1.5, 30]
        var observed = MetricValue(of: family)
        var counts = Array(repeating: UInt64(0), count: family.bounds.count + 1)
        for value in values {
            observed.observe(value, in: family)
            counts[family.bounds.firstIndex { value <= $0 } ?? family.bounds.count] += 1
        }
        #expect(MetricValue(counts: counts, sum: values.reduce(0, +)) == observed)
        var metrics = Metrics()
        metrics.add(observed, to: family, "0")
        metrics.add(observed, to: family, "0")
        #expect(metrics.series(of: family)[0].value.count == 14)
    }

    @Test func aFamilyHasABoundedNumberOfSeries() {
        var metrics = Metrics()
        for number in 0..<Metrics.maxSeries + 100 { metrics.add(.sessions, "zone-\(number)", "idle") }
        metrics.add(.sessions, "zone-0", "idle")
        let series = metrics.series(of: .sessions)
        #expect(series.count == Metrics.maxSeries + 1)
        #expect(series.first { $0.labels == [Metrics.beyond, Metrics.beyond] }?.value.sum == 100)
        #expect(series.first { $0.labels == ["zone-0", "idle"] }?.value.sum == 2)
    }
}
