import Configuration
import HTTP
import Identity
import Policy
import Reactor
import RelayServer
import RelayTestKit
import StandIn
import Testing
import WebSocket

/// Spans of sessions, as a collector gets them: what happened, for whom and where, and nothing that was said.
@Suite("35 Traces", .timeLimit(.minutes(10))) struct Traces {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let parent = "00f067aa0ba902b7"
    private static let sampled: HeaderFields = ["traceparent": "00-\(trace)-\(parent)-01"]

    @Test(.overEachHTTP) func aSessionIsAPartOfItsClientsTrace() throws {
        let (harbour, collector) = try traced()
        try harbour.session(of: harbour.client(fields: Self.sampled))
        let spans = try harbour.spans(in: collector)
        #expect(spans.map(\.name).sorted() == ["begin", "decide", "dial", "relay", "session"])
        let whole = try #require(spans.named("session"))
        #expect(whole.text("traceId") == Self.trace && whole.text("parentSpanId") == Self.parent)
        #expect(whole.facts["tidegate.tenant"] == "acme" && whole.facts["tidegate.zone"] == "eu")
        #expect(whole.facts["tidegate.ending"] == "client-closed" && whole.facts["tidegate.refusal"] == nil)
        #expect(whole.facts["tidegate.frames_up"] == "1" && whole.facts["tidegate.bytes_up"] == "3200")
        let endpoint = "wss://localhost:\(harbour.standIn.ports["eu"] ?? 0)/v3/ws"
        #expect(spans.named("dial")?.facts == ["tidegate.zone": "eu", "tidegate.endpoint": endpoint])
        #expect(spans.named("decide")?.facts == ["tidegate.kind": "key", "tidegate.zone": "eu"])
        for span in spans where span.name != "session" {
            #expect(span.text("traceId") == Self.trace && span.text("parentSpanId") == whole.text("spanId"))
            #expect(whole.start <= span.start && span.start <= span.end && span.end <= whole.end, "\(span)")
        }
        #expect(Set(spans.map { $0.text("spanId") }).count == spans.count)
    }

    /// An operator who does not want to hear of it, a client whose trace nobody records, and one that makes no sense.
    @Test func aClientsTraceIsFollowedOnlyWhereItIsOneAndIsWanted() throws {
        let (harbour, collector) = try traced()
        try harbour.session(of: harbour.client(fields: ["traceparent": "00-\(Self.trace)-\(Self.parent)-00"]))
        try harbour.session(of: harbour.client(fields: ["traceparent": "00-\(Self.trace)-\(Self.parent)-01-more"]))
        try harbour.reload { $0.traces?.parents = .ignore }
        try harbour.session(of: harbour.client(fields: Self.sampled))
        let sessions = try harbour.spans(in: collector).filter { $0.name == "session" }
        #expect(sessions.count == 2)
        for session in sessions {
            #expect(session.text("traceId") != Self.trace && session.text("parentSpanId") == "")
        }
    }

    @Test func everyDialHasASpanAndARefusalHasItsName() throws {
        let (harbour, collector) = try traced { plan in
            try plan.addStandIn("eu-wrong", in: .eu)
            try plan.rename("eu-wrong", to: "elsewhere.example")
            plan.endpoints[.eu] = ["eu-wrong", "eu"]
        }
        try harbour.session(of: harbour.client())
        #expect(try harbour.refusedStatus(harbour.client("acme", "/us/v3/ws", fields: Self.sampled)) == 403)
        let spans = try harbour.spans(in: collector)
        let dials = spans.filter { $0.name == "dial" }
        #expect(dials.map { $0.facts["tidegate.kind"] } == ["certificate-wrong-name", nil])
        #expect(dials.map(\.hasFailed) == [true, false])
        let refused = spans.filter { $0.text("traceId") == Self.trace }
        #expect(refused.map(\.name) == ["session", "decide"] && refused.allSatisfy(\.hasFailed))
        #expect(refused.named("session")?.facts["tidegate.refusal"] == "residency")
        #expect(refused.named("decide")?.facts["tidegate.rule"] == "3")
    }

    // MARK: What must not get out

    @Test func noPayloadQueryOrCredentialGetsToTheCollector() throws {
        let (harbour, collector) = try traced { plan in
            plan.tokenKeys = [String(repeating: "ab", count: 32)]
            try plan.openAdmin()
        }
        let token = try harbour.mint()
        var fields = Self.sampled
        fields.append("tracestate", "vendor=hush-state")
        fields.append("Cookie", "id=hush-cookie")
        try harbour.session(of: harbour.client("acme", "/v3/ws?prompt=hush-query&sample_rate=16000", fields: fields))
        try harbour.session(of: harbour.stranger("/v3/ws?keyterms=hush-term&token=\(token)", fields: fields))
        _ = try harbour.client("acme", "/us/v3/ws?prompt=hush-query", fields: fields).toTheEnd()
        _ = try harbour.stranger("/v3/ws?token=hush-token", fields: fields).toTheEnd()
        #expect(try harbour.spans(in: collector).filter { $0.name == "session" }.count == 4)
        for request in collector.requests {
            let all = request.head + String(decoding: request.body, as: UTF8.self)
            for secret in [
                token, "hush", "prompt", "sample_rate", Self.audio.prefix(8).map { String($0) }.joined(separator: ","),
            ]
                + harbour.providerKeys.values + harbour.tenants.map(\.key.text)
            {
                #expect(!all.contains(secret), "the collector got \(secret)")
            }
            #expect(!request.body.contains(Self.audio.prefix(8)))
            #expect(request.head.contains("\r\nAuthorization: Bearer collectors-token\r\n"))
        }
    }

    @Test func anUpstreamHearsOfNoTraceUnlessItMay() throws {
        let (harbour, collector) = try traced()
        try harbour.session(of: harbour.client())
        try harbour.session(of: harbour.client(fields: Self.sampled))
        #expect(!harbour.ledger.snapshot.requests.contains { $0.head.lowercased().contains("trace") })

        try harbour.reload { $0.traces?.upstream = .own }
        harbour.standIn.ledger.update { $0.clear() }
        try harbour.session(of: harbour.client(fields: Self.sampled))
        try harbour.session(of: harbour.client("globex"))
        let heads = harbour.ledger.snapshot.requests
        // The client's own trace would say who it is.
        #expect(heads.first { $0.zone == "eu" }?.head.lowercased().contains("trace") == false)
        let spans = try harbour.spans(in: collector)
        let own = try #require(spans.last { $0.name == "session" && $0.facts["tidegate.tenant"] == "globex" })
        let dial = try #require(
            spans.last { $0.name == "dial" && $0.text("traceId") == own.text("traceId") })
        let told = "\r\ntraceparent: 00-\(own.text("traceId"))-\(dial.text("spanId"))-01\r\n"
        #expect(heads.first { $0.zone == "us" }?.head.contains(told) == true)
    }

    // MARK: The collector

    @Test func aCollectorThatIsAwayDelaysNobodyNotEvenTheEnd() throws {
        let places = BlackHoles()
        let closed = ClosedPorts()
        let port = try closed.reserve()
        for host in ["127.0.0.1", "127.0.0.2"] {
            if host == "127.0.0.2" { try places.open(host, port: port) }
            let harbour = try RelayHarbour { $0.traces = TraceSettings(endpoint: "http://\(host):\(port)/v1/traces") }
            for _ in 1...10 { try harbour.session(of: harbour.client()) }
            // It would be waited for ten seconds, were there the time.
            harbour.relay.drain()
            harbour.relay.wait()
            let lost = try harbour.log.line("traces-unavailable") { $0["count"] != nil }
            #expect(lost["count"]?.integer == 50)
            #expect(harbour.log.text.last?.contains(#""stopped""#) == true)
        }
    }

    @Test func aReloadChangesTheCollectorAndTurnsTracesOff() throws {
        let (harbour, first) = try traced { try $0.openAdmin() }
        let second = try BodyCollector()
        try harbour.session(of: harbour.client())
        _ = first.requests { !$0.isEmpty }
        try harbour.reload { $0.traces?.endpoint = second.url }
        try harbour.session(of: harbour.client())
        _ = second.requests { !$0.isEmpty }
        #expect(try harbour.metrics()["tidegate_trace_spans_total", ["outcome": "exported"]] == 10)
        #expect(try harbour.metrics()["tidegate_trace_spans_total", ["outcome": "dropped"]] == 0)
        try harbour.reload { $0.traces = nil }
        try harbour.session(of: harbour.client())
        #expect(try harbour.spans(in: second).filter { $0.name == "session" }.count == 1)
        #expect(first.requests.count == 1)
    }

    @Test func whoIsThereAtTheEndLeavesSpansToo() throws {
        let (harbour, collector) = try traced { $0.timeouts.drain = .milliseconds(200) }
        let client = harbour.client()
        try client.begun()
        let spans = try harbour.spans(in: collector)
        #expect(spans.named("session")?.facts["tidegate.ending"] == "drained")
        #expect(try client.toTheEnd().closeCode == 1012)
    }

    /// A share of nearly nothing, of a thousand requests.
    @Test func aShareOfSessionsIsTraced() throws {
        let (harbour, collector) = try traced { $0.traces?.share = 0.000_000_001 }
        try harbour.session(of: harbour.client())
        try harbour.session(of: harbour.client(fields: Self.sampled))
        #expect(
            try harbour.spans(in: collector).filter { $0.name == "session" }.map { $0.text("traceId") } == [Self.trace])
    }

    fileprivate static let audio = (0..<3200).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }

    private func traced(
        _ adjust: (inout RelayHarbour.Plan) throws -> Void = { _ in }
    ) throws -> (RelayHarbour, BodyCollector) {
        let collector = try BodyCollector()
        let harbour = try RelayHarbour { plan in
            plan.environment["COLLECTOR_TOKEN"] = "collectors-token"
            plan.traces = TraceSettings(endpoint: collector.url, token: .environment("COLLECTOR_TOKEN"))
            try adjust(&plan)
        }
        return (harbour, collector)
    }
}

extension RelayHarbour {
    /// One session with some audio, to its end.
    fileprivate func session(of client: StandInClient) throws {
        let ended = log.text.count { $0.contains(#""session-ended""#) }
        try client.begun()
        client.send(binary: Traces.audio)
        _ = try wait { $0.sessions.contains { $0.received.bytes == 3200 && $0.connectionEnd == nil } ? true : nil }
        client.close(.normal)
        _ = try client.toTheEnd()
        try log.lines("session-ended") { $0.count > ended }
    }

    fileprivate func refusedStatus(_ client: StandInClient) throws -> Int {
        guard case .answered(let head, _) = try client.event() else { return 0 }
        return Int(head.status)
    }

    /// The relay ends, and all spans are with the collector.
    fileprivate func spans(in collector: BodyCollector) throws -> [CollectedSpan] {
        relay.drain()
        relay.wait()
        return try collector.requests.flatMap { request in
            let json = try JSONValue(parsing: String(decoding: request.body, as: UTF8.self))
            let scopes = (json["resourceSpans"]?.items ?? []).flatMap { $0["scopeSpans"]?.items ?? [] }
            return scopes.flatMap { $0["spans"]?.items ?? [] }.map(CollectedSpan.init)
        }
    }
}

/// A span, as a collector reads it.
private struct CollectedSpan {
    let json: JSONValue

    var name: String { text("name") }
    var start: UInt64 { UInt64(text("startTimeUnixNano")) ?? 0 }
    var end: UInt64 { UInt64(text("endTimeUnixNano")) ?? 0 }
    var hasFailed: Bool { json["status"]?["code"]?.integer == 2 }

    func text(_ name: String) -> String { json[name]?.string ?? "" }

    /// Its attributes, numbers as the text that they are.
    var facts: [String: String] {
        var facts: [String: String] = [:]
        for item in json["attributes"]?.items ?? [] {
            let value = item["value"]?["stringValue"] ?? item["value"]?["intValue"]
            facts[item["key"]?.string ?? ""] = value?.string
        }
        return facts
    }
}

extension [CollectedSpan] {
    fileprivate func named(_ name: String) -> CollectedSpan? { first { $0.name == name } }
}
