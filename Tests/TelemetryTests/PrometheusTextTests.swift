import RelayTestKit
import Telemetry
import Testing

@Suite struct PrometheusTextTests {
    @Test func familiesStandWithHelpTypeAndSeries() {
        var metrics = Metrics()
        metrics.add(.refusals, "limit", by: 3)
        metrics.add(.refusals, "origin")
        metrics.add(.receiptsWaiting, by: 0.5)
        #expect(
            PrometheusText.text(of: metrics) == """
                # HELP tidegate_refusals_total Requests and sessions refused, by the refusal's name.
                # TYPE tidegate_refusals_total counter
                tidegate_refusals_total{refusal="limit"} 3
                tidegate_refusals_total{refusal="origin"} 1
                # HELP tidegate_receipts_waiting Receipts that wait to be written.
                # TYPE tidegate_receipts_waiting gauge
                tidegate_receipts_waiting 0.5

                """)
    }

    @Test func aHistogramHasItsBucketsSumAndCount() throws {
        var metrics = Metrics()
        metrics.observe(.dialSeconds, "eu", value: 0.02)
        metrics.observe(.dialSeconds, "eu", value: 60)
        let exposition = try Exposition(PrometheusText.text(of: metrics))
        #expect(exposition["tidegate_dial_seconds_bucket", ["zone": "eu", "le": "0.01"]] == 0)
        #expect(exposition["tidegate_dial_seconds_bucket", ["zone": "eu", "le": "0.025"]] == 1)
        #expect(exposition["tidegate_dial_seconds_bucket", ["zone": "eu", "le": "10"]] == 1)
        #expect(exposition["tidegate_dial_seconds_bucket", ["zone": "eu", "le": "+Inf"]] == 2)
        #expect(exposition["tidegate_dial_seconds_sum", ["zone": "eu"]] == 60.02)
        #expect(exposition["tidegate_dial_seconds_count", ["zone": "eu"]] == 2)
    }

    @Test(arguments: ["plain", #"a "quoted" one"#, #"back\slash"#, "two\nlines", #"\n"#, "ünïcode", ""])
    func labelsReadBackAsTheyWere(value: String) throws {
        var metrics = Metrics()
        metrics.add(.build, value)
        let exposition = try Exposition(PrometheusText.text(of: metrics))
        #expect(exposition["tidegate_build_info", ["version": value]] == 1)
    }

    @Test(arguments: [
        (0.0, "0"), (-1.0, "-1"), (9_007_199_254_740_992, "9007199254740992"), (0.1, "0.1"), (1e300, "1e+300"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"),
    ])
    func numbersAreWrittenForGo(value: Double, text: String) {
        var metrics = Metrics()
        metrics.add(.receiptsWaiting, by: value)
        #expect(PrometheusText.text(of: metrics).hasSuffix("tidegate_receipts_waiting \(text)\n"))
    }

    @Test func nothingCountedIsNothingSaid() {
        #expect(PrometheusText.text(of: Metrics()).isEmpty)
    }
}
