import Policy
import Testing

@testable import Receipts

@Suite struct ReceiptReportTests {
    private let everyDay = ReceiptReport.Days()!

    @Test func sessionsAddUpByTenantZoneAndDay() throws {
        var report = ReceiptReport(days: everyDay)
        try add([.receipt(.sample(0)), .receipt(.sample(1)), .receipt(later), .receipt(.sampleRefusal)], to: &report)
        let day = ReceiptReport.Group(tenant: "acme", zone: "eu", day: "2026-03-04")
        #expect(
            report.sums[day]
                == ReceiptReport.Sums(
                    sessions: 2, bytesUp: 320_000, bytesDown: 8642, audioMilliseconds: 10_000, billedSeconds: 10))
        #expect(report.sums[.init(tenant: "acme", zone: "eu", day: "2026-03-05")]?.sessions == 1)
        #expect(report.sums[.init(tenant: "acme", zone: "", day: "2026-03-04")] == ReceiptReport.Sums(refusals: 1))
        #expect(report.sums.keys.sorted().map(\.zone) == ["", "eu", "eu"])
        #expect(report.breaches.isEmpty && report.judged == 0, "no policy was given")
    }

    @Test func onlyTheDaysAskedForCount() throws {
        let days = try #require(ReceiptReport.Days(from: "2026-03-05", to: "2026-03-05"))
        var report = ReceiptReport(days: days)
        try add([.receipt(.sample(0)), .receipt(later)], to: &report)
        #expect(report.sums.map(\.key.day) == ["2026-03-05"])
        for text in ["", "yesterday", "2026-3-5", "2026-13-01", "2026-03-32", "2026-03-05T00:00"] {
            #expect(ReceiptReport.Days(from: text) == nil && ReceiptReport.Days(to: text) == nil, "\(text)")
        }
    }

    @Test func sessionsWithoutAReceiptAreCountedAndJudged() throws {
        var scribe = Scribe()
        scribe.add(.opened(.sample(0)))
        var report = ReceiptReport(under: policy(.zones(.us)), days: everyDay)
        report.add(Array(verify(scribe.lines).unfinished.values))
        #expect(report.sums.values.map(\.unfinished) == [1])
        #expect(report.breaches.map(\.session) == ["session-0"])
    }

    @Test func receiptsThatBreakThePolicyAreNamedWithTheReason() throws {
        var elsewhere = Receipt.sample(1)
        elsewhere.upstream = Receipt.Upstream(zone: .eu, endpoint: "wss://other.example/v3/ws")
        var stranger = Receipt.sample(2)
        stranger.tenant = TenantName("gone")
        var wrongSite = Receipt.sample(3)
        wrongSite.site = Site(name: "us-1", zone: .us)
        let receipts = [.sample(0), elsewhere, stranger, wrongSite, .sampleRefusal]
        var report = ReceiptReport(under: policy(.zones(.eu)), days: everyDay)
        try add(receipts.map { .receipt($0) }, to: &report)
        #expect(report.judged == 4)
        #expect(report.breaches.map(\.session) == ["session-1", "session-2", "session-3"])
        #expect(report.breaches.map(\.place.line) == [2, 3, 4])
        let sentences = report.breaches.map(\.sentence)
        #expect(sentences[0] == "wss://other.example/v3/ws is no endpoint of zone eu.")
        #expect(sentences[1] == "Tenant gone is not in this policy.")
        #expect(sentences[2].hasPrefix("This site is in us; the data of tenant acme may not pass it."))

        var stricter = ReceiptReport(under: policy(.zones(.us)), days: everyDay)
        try add([.receipt(.sample(0))], to: &stricter)
        #expect(
            stricter.breaches.map(\.sentence) == ["Zone eu is not in the residency of tenant acme: us."])
    }

    private var later: Receipt {
        var receipt = Receipt.sample(2)
        receipt.start = "2026-03-05T00:00:00.000Z"
        return receipt
    }

    private func add(_ entries: [ReceiptEntry], to report: inout ReceiptReport) throws {
        var scribe = Scribe()
        for entry in entries { scribe.add(entry) }
        for (index, line) in scribe.lines.enumerated() {
            report.add(try #require(parsed(line)), at: ReceiptPlace(file: "log", line: index + 1))
        }
    }

    private func policy(_ residency: Residency) -> PolicySnapshot {
        let endpoint = try! Endpoint("wss://eu.example/v3/ws", in: .eu)  // A literal that is right.
        return PolicySnapshot(
            version: "3", site: Site(name: "here"), zones: [ZoneDefinition(.eu, endpoints: [endpoint])],
            tenants: [Tenant(name: .acme, residency: residency)])
    }
}
