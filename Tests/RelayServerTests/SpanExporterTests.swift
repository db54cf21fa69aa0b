import Configuration
import Fetch
import Reactor
import StandIn
import Telemetry
import Testing

@testable import RelayServer

/// Spans on their way to a collector: none is lost while it is away for a moment, and memory is bounded.
@Suite("Span exporter", .timeLimit(.minutes(10))) struct SpanExporterTests {
    /// A collector that answers as it is told.
    private final class Collector: Sendable {
        let answers: Monitor<[Result<Int, FetchError>]>
        let requests = Monitor<[FetchRequest]>([])
        let log = RelayLog()

        init(_ answers: [Result<Int, FetchError>] = []) { self.answers = Monitor(answers) }

        /// The last answer stands for all that follow.
        func exporter() -> SpanExporter {
            SpanExporter(log: log.log) { [answers, requests] (request) throws(FetchError) in
                requests.update { $0.append(request) }
                var answer = Result<Int, FetchError>.success(200)
                answers.update { answers in
                    answer = answers.first ?? .success(200)
                    if answers.count > 1 { answers.removeFirst() }
                }
                return try answer.get()
            }
        }

        func waitForRequests(_ count: Int) throws {
            let haveCome = requests.wait(upTo: RelayHarbour.patience) { $0.count >= count ? true : nil }
            try #require(haveCome == true)
        }
    }

    private static func plan(_ url: String = "https://collector.example/v1/traces?key=1") throws -> TracePlan {
        try TracePlan(
            TraceSettings(endpoint: url, token: .environment("TOKEN")), site: "s",
            environment: Environment(["TOKEN": "hush"]))
    }

    private static func spans(_ count: Int) -> [Span] {
        (0..<count).map { _ in
            Span(.relay, trace: [1], id: [2], parent: nil, from: 0, to: 1, [])
        }
    }

    @Test func whatIsGivenIsSentWithTheToken() throws {
        let collector = Collector()
        let exporter = collector.exporter()
        exporter.apply(try Self.plan())
        exporter.add(Self.spans(SpanQueue.batch))
        try collector.waitForRequests(1)
        exporter.add(Self.spans(3))
        exporter.close(within: .seconds(3))
        #expect(exporter.counts == SpanCounts(exported: SpanQueue.batch + 3))
        let request = try #require(collector.requests.snapshot.first)
        #expect(request.method == .post)
        #expect(request.fields.contains { $0 == ("Authorization", "Bearer hush") })
        #expect(String(decoding: request.body, as: UTF8.self).hasPrefix(#"{"resourceSpans":[{"#))
    }

    @Test func aCollectorThatIsAwayIsWaitedForAndTheLogSaysSoOnce() throws {
        let away = FetchError(.notConnected, "nobody there")
        let collector = Collector([.failure(away), .success(503), .success(200)])
        let exporter = collector.exporter()
        exporter.apply(try Self.plan())
        exporter.add(Self.spans(SpanQueue.batch))
        try collector.waitForRequests(3)
        _ = try collector.log.line("traces-available")
        exporter.close(within: .seconds(3))
        #expect(exporter.counts == SpanCounts(exported: SpanQueue.batch))
        let lines = collector.log.text.filter { $0.contains("traces-unavailable") }
        #expect(lines.count == 1)
        // Of the URL no query, for a key may stand there.
        #expect(lines.first?.contains("https://collector.example/v1/traces: nobody there; spans wait") == true)
    }

    @Test func aCollectorThatWasMendedIsNotWaitedFor() throws {
        let away = Result<Int, FetchError>.failure(FetchError(.notConnected, "nobody there"))
        let collector = Collector([away, away, away, away, away, away, .success(200)])
        let exporter = collector.exporter()
        exporter.apply(try Self.plan())
        exporter.add(Self.spans(SpanQueue.batch))
        // A minute of pauses, were it not for the reloads.
        for count in 1...6 {
            try collector.waitForRequests(count)
            exporter.apply(try Self.plan())
        }
        try collector.waitForRequests(7)
        exporter.close(within: .seconds(3))
        #expect(exporter.counts == SpanCounts(exported: SpanQueue.batch))
    }

    @Test func whatIsRefusedIsDroppedAndToldOnce() throws {
        let collector = Collector([.success(401)])
        let exporter = collector.exporter()
        exporter.apply(try Self.plan())
        exporter.add(Self.spans(SpanQueue.batch))
        try collector.waitForRequests(1)
        exporter.add(Self.spans(SpanQueue.batch))
        try collector.waitForRequests(2)
        exporter.close(within: .seconds(3))
        #expect(exporter.counts == SpanCounts(dropped: 2 * SpanQueue.batch))
        let lines = collector.log.text.filter { $0.contains("traces-unavailable") }
        #expect(lines.count == 1 && lines.first?.contains("answers 401; spans are dropped") == true)
    }

    /// Sessions end with the relay, and their spans are the last.
    @Test func whatNobodyTakesBeforeTheEndIsLostAndTheLogSaysHowMuch() throws {
        let collector = Collector([.failure(FetchError(.notConnected, "nobody there"))])
        let exporter = collector.exporter()
        exporter.apply(try Self.plan())
        exporter.add(Self.spans(7))
        exporter.close(within: .seconds(3))
        #expect(exporter.counts == SpanCounts())
        #expect(try collector.log.line("traces-unavailable") { $0["count"]?.integer == 7 }["level"] == "warning")
        // Nobody is waited for twice.
        exporter.close(within: .seconds(3))
        #expect(collector.log.text.filter { $0.contains(#""count":7"#) }.count == 1)
    }

    @Test func memoryForSpansIsBounded() throws {
        let queue = SpanQueue()
        queue.add(Self.spans(SpanQueue.capacity - 1))
        queue.add(Self.spans(2))
        queue.add(Self.spans(1))
        queue.add(Self.spans(1))
        #expect(queue.counts == SpanCounts(dropped: 3))
        #expect(queue.next().count == SpanQueue.batch)
    }

    @Test func withoutAPlanNothingIsSentAndNoThreadIsNeeded() {
        let collector = Collector()
        let exporter = collector.exporter()
        exporter.apply(nil)
        exporter.add(Self.spans(10))
        exporter.close(within: .seconds(3))
        #expect(collector.requests.snapshot.isEmpty)
    }
}
