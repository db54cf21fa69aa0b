import Configuration
import Foundation
import HTTP
import Identity
import Policy
import Reactor
import RelayCore
import RelayTestKit
import StandIn
import Telemetry
import Testing
import Timing
import WebSocket

@testable import RelayServer

/// What Prometheus is told.
@Suite("17 Admin: metrics", .timeLimit(.minutes(10))) struct AdminMetrics {
    @Test func whatHappensIsCounted() throws {
        let harbour = try RelayHarbour { plan in
            try plan.openAdmin()
            try plan.addStandIn("eu-wrong", in: .eu)
            try plan.rename("eu-wrong", to: "elsewhere.example")
            plan.endpoints[.eu] = ["eu-wrong", "eu"]
        }
        let client = harbour.client()
        try client.begun()
        client.send(binary: [UInt8](repeating: 0, count: 3200))
        _ = try harbour.wait { $0.sessions(in: "eu").first?.received.bytes == 3200 ? true : nil }
        #expect(try harbour.stranger().toTheEnd().isEmpty == false)

        let during = try harbour.metrics()
        #expect(during["tidegate_sessions_open", ["zone": "eu"]] == 1)
        #expect(during["tidegate_sessions_open", ["zone": "us"]] == 0)
        #expect(during["tidegate_dial_failures_total", ["zone": "eu", "kind": "certificate-wrong-name"]] == 1)
        #expect(during["tidegate_dial_failures_total", ["zone": "us", "kind": "certificate-wrong-name"]] == 0)
        #expect(during["tidegate_failovers_total", ["from": "eu", "to": "eu"]] == 1)
        #expect(during["tidegate_dial_seconds_count", ["zone": "eu"]] == 1)
        #expect(during["tidegate_payload_bytes_total", ["zone": "eu", "direction": "up"]] == 3200)
        #expect(during["tidegate_frames_total", ["zone": "eu", "direction": "up"]] == 1)
        #expect(during["tidegate_refusals_total", ["refusal": "unauthenticated"]] == 1)
        #expect(during["tidegate_policy_info", ["version": "1"]] == 1)
        #expect(during["tidegate_build_info", ["version": Version.text]] == 1)

        client.send(text: #"{"type":"Terminate"}"#)
        _ = try client.toTheEnd()
        let line = try harbour.log.line("session-ended")
        let after = try harbour.metrics()
        #expect(after["tidegate_sessions_open", ["zone": "eu"]] == 0)
        let ending = try #require(line["ending"]?.string)
        #expect(after["tidegate_sessions_total", ["zone": "eu", "ending": ending]] == 1)
        // The client's `Terminate` is a frame as well.
        #expect(after["tidegate_frames_total", ["zone": "eu", "direction": "up"]] == 2)
        let down = ["zone": "eu", "direction": "down"]
        #expect(after["tidegate_payload_bytes_total", down] == line["bytes_down"]?.integer.map { Double($0) })
        for (name, labels) in [
            ("frames", "up"), ("payload_bytes", "up"), ("frames", "down"), ("payload_bytes", "down"),
        ] {
            let series = ("tidegate_\(name)_total", ["zone": "eu", "direction": labels])
            #expect(after[series.0, series.1] ?? 0 >= during[series.0, series.1] ?? .infinity)
        }
    }

    @Test func whatOthersKnowIsTold() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        #expect(try harbour.metrics()["tidegate_receipts_waiting"] == nil)
        let status = harbour.relay.status
        status.countReceipts {
            ReceiptCounts(written: 12, waiting: 3, isUnwritable: true, givenUp: 5, failures: 7)
        }
        status.judgeEndpoints { $0.zone != .us }
        status.reloadRefused()
        let metrics = try harbour.metrics()
        #expect(metrics["tidegate_receipts_written_total"] == 12)
        #expect(metrics["tidegate_receipts_waiting"] == 3)
        #expect(metrics["tidegate_receipts_unwritable"] == 1)
        #expect(metrics["tidegate_receipts_given_up_total"] == 5)
        #expect(metrics["tidegate_receipt_write_failures_total"] == 7)
        #expect(metrics["tidegate_reloads_total", ["outcome": "refused"]] == 1)
        #expect(metrics["tidegate_reloads_total", ["outcome": "applied"]] == 0)
        #expect(metrics["tidegate_last_reload_success_timestamp_seconds"] ?? 0 > 1_600_000_000)
        let port = harbour.standIn.ports["us"] ?? 0
        let endpoint = ["zone": "us", "endpoint": "wss://localhost:\(port)/v3/ws"]
        #expect(metrics["tidegate_endpoint_usable", endpoint] == 0)
    }

    @Test func decisionsAreCountedByTheirNameAndByTenant() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        try harbour.client("acme").begun()
        try harbour.client("globex").begun()
        _ = try harbour.client("acme", "/us/v3/ws").toTheEnd()
        _ = try harbour.stranger().toTheEnd()
        let metrics = try harbour.metrics()
        #expect(metrics["tidegate_decisions_total", ["decision": "granted", "zone": "eu"]] == 1)
        #expect(metrics["tidegate_decisions_total", ["decision": "granted", "zone": "us"]] == 1)
        #expect(metrics["tidegate_decisions_total", ["decision": "granted", "zone": "edge"]] == 0)
        #expect(metrics["tidegate_decisions_total", ["decision": "residency", "zone": "none"]] == 1)
        #expect(metrics["tidegate_decisions_total", ["decision": "unauthenticated", "zone": "none"]] == 1)
        #expect(metrics["tidegate_decisions_total", ["decision": "origin", "zone": "none"]] == 0)
        #expect(metrics["tidegate_tenant_decisions_total", ["tenant": "acme", "decision": "granted"]] == 1)
        #expect(metrics["tidegate_tenant_decisions_total", ["tenant": "acme", "decision": "residency"]] == 1)
        #expect(metrics["tidegate_tenant_decisions_total", ["tenant": "globex", "decision": "granted"]] == 1)
    }

    @Test func whatTenantsCarryIsCountedWhileItFlows() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let clients = ["acme", "acme", "globex"].map { harbour.client($0, "/v3/ws?sample_rate=16000") }
        for client in clients {
            try client.begun()
            client.send(binary: [UInt8](repeating: 0, count: 3200))
        }
        _ = try harbour.wait { $0.sessions.filter { $0.received.bytes == 3200 }.count == 3 ? true : nil }
        for isOver in [false, true] {
            if isOver {
                for client in clients { client.close(.normal) }
                for client in clients { _ = try client.toTheEnd() }
                try harbour.log.lines("session-ended") { $0.count == 3 }
            }
            let metrics = try harbour.metrics()
            let (acme, globex) = (["zone": "eu", "tenant": "acme"], ["zone": "us", "tenant": "globex"])
            #expect(metrics["tidegate_tenant_sessions_open", acme] == (isOver ? 0 : 2))
            #expect(metrics["tidegate_tenant_sessions_total", acme] == (isOver ? 2 : nil))
            #expect(metrics["tidegate_tenant_audio_seconds_total", acme] == 0.2)
            #expect(metrics["tidegate_tenant_audio_seconds_total", globex] == 0.1)
            #expect(metrics["tidegate_audio_seconds_total", ["zone": "eu"]] == 0.2)
            let up = acme.merging(["direction": "up"]) { $1 }
            #expect(metrics["tidegate_tenant_payload_bytes_total", up] == 6400)
            #expect(metrics["tidegate_tenant_frames_total", up] == 2)
            #expect(metrics["tidegate_session_seconds_count", ["zone": "eu"]] == (isOver ? 2 : 0))
            #expect(metrics["tidegate_sessions_admitted"] == (isOver ? 0 : 3))
        }
    }

    @Test func tenantsBeyondTheBoundShareALabel() {
        let labels = TenantLabels(limit: 2)
        #expect(
            ["acme", "globex", "initech", "acme"].map { labels.label(of: TenantName($0)!) } == [
                "acme", "globex", "other", "acme",
            ])
    }

    @Test func theWayToTheFirstWordIsMeasured() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        harbour.standIn.fail("eu", with: [Fault(.slowAnswer(milliseconds: 60))])
        let client = harbour.client()
        try client.begun()
        var metrics = try harbour.metrics()
        #expect(metrics["tidegate_handshake_seconds_count"] == 1)
        #expect(metrics["tidegate_begin_seconds_count", ["zone": "eu"]] == 1)
        #expect(metrics["tidegate_begin_seconds_count", ["zone": "us"]] == 0)
        #expect(metrics["tidegate_begin_seconds_sum", ["zone": "eu"]] ?? 0 >= 0.06)
        #expect(metrics["tidegate_begin_seconds_bucket", ["zone": "eu", "le": "0.05"]] == 0)
        client.close(.normal)
        _ = try client.toTheEnd()
        metrics = try harbour.metrics()
        #expect(metrics["tidegate_begin_seconds_count", ["zone": "eu"]] == 1)
    }

    @Test func oneReadInSixtyFourTellsWhatTheRelayAdds() throws {
        let harbour = try RelayHarbour {
            try $0.openAdmin()
            $0.makeNeighbours()
        }
        let neighbours = try Neighbours(in: harbour, count: 2)
        try neighbours.goAround(times: 200)
        let metrics = try harbour.metrics()
        let counts = ["up", "down"].map { metrics["tidegate_added_latency_seconds_count", ["direction": $0]] ?? 0 }
        // 400 messages go up and come down, on two loops: at least 800 reads, of which each loop measures every 64th.
        #expect(counts.reduce(0, +) >= 10 && counts.reduce(0, +) <= 14)
        #expect(metrics["tidegate_added_latency_seconds_bucket", ["direction": "up", "le": "+Inf"]] == counts[0])
    }

    @Test func loopsAndTheProcessTellHowTheyDo() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let clients = (0..<6).map { _ in harbour.client() }
        for client in clients { try client.begun() }
        // Answering is a turn itself, which is counted when it is over.
        _ = try harbour.metrics()
        let metrics = try harbour.metrics()
        let loops = ["0", "1"]
        #expect(loops.map { metrics["tidegate_loop_sessions", ["loop": $0]] ?? -1 }.reduce(0, +) == 6)
        for loop in loops {
            #expect(metrics["tidegate_loop_turn_seconds_count", ["loop": loop]] ?? 0 > 0)
            #expect(metrics["tidegate_loop_lag_seconds", ["loop": loop]] ?? -1 > 0)
        }
        #expect(metrics["process_resident_memory_bytes"] ?? 0 > 1_000_000)
        #expect(metrics["process_open_fds"] ?? 0 >= 12)
        #expect(metrics["process_max_fds"] ?? 0 >= metrics["process_open_fds"] ?? .infinity)
        #expect(metrics["process_start_time_seconds"] ?? 0 > 1_600_000_000)
        #expect(metrics["process_cpu_seconds_total"] ?? 0 > 0)
        #expect(metrics["tidegate_sessions_limit"] == 9000)
        #expect(metrics["tidegate_ready"] == 1 && metrics["tidegate_draining"] == 0)
    }

    @Test func turnsAreSortedAsTheFamilySays() {
        #expect(TurnTimes.bounds.map(\.inSeconds) == MetricFamily.loopTurnSeconds.bounds)
    }

    @Test func breakersTellTheirStateAndHowOftenTheyOpened() throws {
        let harbour = try RelayHarbour {
            try $0.openAdmin()
            $0.breakers = Breaker.Rules(threshold: 2, pause: .seconds(60))
        }
        try harbour.takeDown("eu")
        let place = ["zone": "eu", "endpoint": "wss://localhost:\(harbour.standIn.ports["eu"] ?? 0)/v3/ws"]
        func state(_ name: String) throws -> Double? {
            try harbour.metrics()["tidegate_breaker_state", place.merging(["state": name]) { $1 }]
        }
        #expect(try state("closed") == 1)
        for _ in 0..<2 { _ = try harbour.client("acme").toTheEnd() }
        #expect(try ["closed", "open", "half-open"].map(state) == [0, 1, 0])
        #expect(try harbour.metrics()["tidegate_breaker_openings_total", place] == 1)
        #expect(try harbour.metrics()["tidegate_endpoint_usable", place] == 0)
    }

    @Test func thePolicysAgeIsThatOfItsVersion() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let before = try harbour.metrics()
        try harbour.reload { _ in }
        let after = try harbour.metrics()
        let name = "tidegate_policy_since_timestamp_seconds"
        #expect(after[name] ?? 0 > before[name] ?? .infinity)
        #expect(after["tidegate_policy_info", ["version": "2"]] == 1)
        try harbour.reload { $0.version = 2 }
        #expect(try harbour.metrics()[name] == after[name])
        #expect(try harbour.metrics()["tidegate_reloads_total", ["outcome": "applied"]] == 2)
    }
}
