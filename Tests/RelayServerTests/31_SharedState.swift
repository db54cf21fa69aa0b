import Configuration
import Foundation
import HTTP
import Policy
import Reactor
import RelayCore
import RelayServer
import RelayTestKit
import StandIn
import Testing
import Timing
import WebSocket

/// Two relays and one Redis server: what a tenant may have it has once, at whichever of them.
@Suite("31 Shared state", .timeLimit(.minutes(10)), .enabled(if: RedisServer.isInstalled)) struct SharedStateStories {
    /// How long the relays of these stories count on one another.
    private static let lease = Duration.seconds(2)
    private static let chunk = [UInt8](repeating: 1, count: 3_200)

    /// Two relays with the same tenants, in front of stand-ins of their own.
    private struct Pair {
        let redis: RedisServer
        let first: RelayHarbour
        let second: RelayHarbour

        init(
            _ limits: TenantLimits, redis: RedisServer? = nil,
            _ adjust: (inout RelayHarbour.Plan) throws -> Void = { _ in }
        ) throws {
            let redis = try redis ?? RedisServer()
            self.redis = redis
            let key = RelayHarbour.newTokenKey()
            func plan(_ plan: inout RelayHarbour.Plan) throws {
                plan.change("acme") { $0.limits = limits }
                plan.tokenKeys = [key]
                plan.sharedState = SharedStateSettings(host: "127.0.0.1", port: redis.port, lease: lease)
                try plan.openAdmin()
                try adjust(&plan)
            }
            let first = try RelayHarbour(plan)
            self.first = first
            second = try RelayHarbour { other in
                other.tenants = first.tenants
                try plan(&other)
            }
            for harbour in [first, second] { _ = try harbour.log.line("shared-state-available") }
        }

        /// A server that has just begun gives no place for a lease. Waits until it does.
        func settle() throws {
            while true {
                let client = first.client("acme")
                guard case .opened = try client.event() else { continue }
                client.close(.normal)
                _ = try client.toTheEnd()
                return
            }
        }

        /// Sessions of a tenant that run at both stand-ins.
        var running: Int {
            [first, second].reduce(0) { count, harbour in
                count + harbour.ledger.snapshot.sessions(in: "eu").count { $0.connectionEnd == nil && $0.ending == nil }
            }
        }
    }

    // MARK: Sessions

    @Test func sessionsAreBoundedOverBothRelays() throws {
        let pair = try Pair(TenantLimits(sessions: 3))
        try pair.settle()
        var clients = try (1...2).map { _ in try pair.first.begunClient("acme") }
        try pair.second.untilBegun("acme", &clients)
        for harbour in [pair.first, pair.second] {
            let answer = try harbour.refusal("acme")
            #expect(answer.status == 429 && answer.body.contains("A limit is reached: 3 sessions of tenant acme."))
        }
        try pair.second.client("globex").begun()
        clients[0].close(.normal)
        _ = try clients[0].toTheEnd()
        try pair.second.untilBegun("acme", &clients)
        #expect(pair.running == 3)
    }

    @Test func howeverManyComeAtOnceThePlacesAreGivenOutOnce() throws {
        let pair = try Pair(TenantLimits(sessions: 9))
        try pair.settle()
        let clients = (1...80).map { number in (number % 2 == 0 ? pair.first : pair.second).client("acme") }
        var begun = 0
        for client in clients { if case .opened = try client.event() { begun += 1 } }
        // The session that settled may not have given its place back when the last was asked for.
        #expect(begun == 9 || begun == 8)
        #expect(pair.running <= 9)
        var more: [StandInClient] = []
        while begun + more.count < 9 { try pair.second.untilBegun("acme", &more) }
        #expect(try pair.first.refusal("acme").status == 429)
    }

    @Test func theFirstPlacesAreGivenWhenAllHaveHadTimeToSayWhatTheyHold() throws {
        let redis = try RedisServer()
        let start = MonotonicClock.now()
        let pair = try Pair(TenantLimits(sessions: 3), redis: redis)
        let answer = try pair.first.refusal("acme")
        #expect(answer.status == 429 && answer.body.contains("the shared state begins anew"))
        try pair.settle()
        #expect(MonotonicClock.now().duration(since: start) >= Self.lease)
    }

    /// As if it had been killed: it gives nothing back.
    @Test func whatARelayHeldThatIsGoneComesBackAfterALease() throws {
        let pair = try Pair(TenantLimits(sessions: 2))
        try pair.settle()
        let lost = try (1...2).map { _ in try pair.first.begunClient("acme") }
        pair.first.relay.stop()
        pair.first.relay.wait()
        #expect(try pair.second.refusal("acme").status == 429)
        var clients: [StandInClient] = []
        for _ in 1...2 { try pair.second.untilBegun("acme", &clients) }
        #expect(try pair.second.refusal("acme").status == 429)
        #expect(lost.count == 2)
    }

    // MARK: New sessions and audio

    @Test func newSessionsAreCountedOverBothRelays() throws {
        let pair = try Pair(TenantLimits(newSessionsPerMinute: 4))
        for number in 1...4 {
            let client = (number % 2 == 0 ? pair.first : pair.second).client("acme")
            try client.begun()
            client.close(.normal)
            _ = try client.toTheEnd()
        }
        for harbour in [pair.first, pair.second] {
            let answer = try harbour.refusal("acme")
            #expect(answer.status == 429 && answer.body.contains("4 new sessions of tenant acme in a minute"))
            let wait = try #require(answer.field("Retry-After").flatMap { Int($0) })
            #expect((1...61).contains(wait))
        }
        try pair.first.client("globex").begun()
    }

    @Test func theDaysAudioIsUsedOnceByBothRelays() throws {
        let quota = 6.0
        let pair = try Pair(TenantLimits(audioHoursPerDay: quota / 3600))
        let clients = try [pair.first, pair.second].flatMap { harbour in
            try (1...2).map { _ in try harbour.begunClient("acme") }
        }
        for client in clients { for _ in 0..<100 { client.send(binary: Self.chunk) } }
        for client in clients { #expect(try client.toTheEnd().closeCode == 4429) }
        let heard = try [pair.first, pair.second].map { harbour in
            try harbour.wait { ledger in
                let sessions = ledger.sessions(in: "eu")
                return sessions.allSatisfy { $0.connectionEnd != nil }
                    ? sessions.map(\.audioSeconds).reduce(0, +) : nil
            }
        }
        // Each session ends with the message that reached the end, and what others have at hand is at most what is not divided.
        #expect(heard.reduce(0, +) <= quota + 0.4)
        #expect(heard.reduce(0, +) >= quota - 1)
        for harbour in [pair.first, pair.second] {
            try harbour.log.lines("session-ended") { $0.count == 2 }
            _ = try harbour.log.line("session-ended") { $0["limit"] == "audio-hours-per-day" }
        }
    }

    @Test func withinTheDaysAudioNobodyNoticesThatItIsCountedElsewhere() throws {
        let pair = try Pair(TenantLimits(audioHoursPerDay: 10))
        let client = try pair.first.begunClient("acme")
        for _ in 0..<300 { client.send(binary: Self.chunk) }
        client.send(text: #"{"type":"Terminate"}"#)
        let events = try client.toTheEnd()
        #expect(events.closeCode == 1000)
        #expect(events.messages.last?["audio_duration_seconds"] == 30)
    }

    // MARK: Tokens

    @Test func aTokenOpensOneSessionAtWhicheverRelay() throws {
        let pair = try Pair(TenantLimits())
        for (minter, other) in [(pair.first, pair.second), (pair.second, pair.first)] {
            let token = try minter.mint()
            try minter.stranger("/v3/ws?token=\(token)").begun()
            let events = try other.stranger("/v3/ws?token=\(token)").toTheEnd()
            #expect(events.refusal?.status == 401)
            #expect(events.refusal?.sentence == "The credential has been used; it opens one session.")
        }
    }

    @Test func ofManyWhoTryATokenAtOnceOneBegins() throws {
        let pair = try Pair(TenantLimits())
        for _ in 1...5 {
            let token = try pair.first.mint()
            let clients = (1...20).map { number in
                (number % 2 == 0 ? pair.first : pair.second).stranger("/v3/ws?token=\(token)")
            }
            var begun = 0
            for client in clients {
                while true {
                    let event = try client.event()
                    if case .text(let text) = event, text.contains(#""Begin""#) {
                        begun += 1
                        break
                    }
                    if case .ended = event { break }
                }
            }
            #expect(begun == 1)
        }
    }

    @Test func anAttemptThatFailedLeavesTheTokenGoodAtTheOther() throws {
        let pair = try Pair(TenantLimits())
        let token = try pair.first.mint()
        try pair.first.takeDown("eu")
        #expect(try pair.first.stranger("/v3/ws?token=\(token)").toTheEnd().closeCode == 4503)
        try pair.second.stranger("/v3/ws?token=\(token)").begun()
    }

    @Test func whetherATokenOfBeforeTheServersStartWasUsedNobodyRemembers() throws {
        let pair = try Pair(TenantLimits())
        let token = try pair.first.mint()
        pair.redis.kill()
        _ = try pair.first.log.line("shared-state-unavailable")
        try pair.redis.start()
        try pair.first.log.lines("shared-state-available") { $0.count == 2 }
        let events = try pair.first.stranger("/v3/ws?token=\(token)").toTheEnd()
        #expect(events.refusal?.status == 401)
        try pair.first.stranger("/v3/ws?token=\(try pair.first.mint())").begun()
    }

    // MARK: A server that is away

    @Test func withoutTheServerWhatIsCountedThereIsRefusedAndTheRestIsServed() throws {
        let pair = try Pair(TenantLimits(sessions: 5))
        try pair.settle()
        pair.redis.kill()
        _ = try pair.first.log.line("shared-state-unavailable")
        let answer = try pair.first.refusal("acme")
        #expect(answer.status == 429 && answer.field("Retry-After") == "5")
        #expect(answer.body.contains("the shared state does not answer"))
        #expect(try pair.first.log.line("refused")["limit"] == "shared-state")
        try pair.first.client("globex").begun()
        #expect(try pair.first.metrics()["tidegate_shared_state_up"] == 0)
        // However long it is away, it is told once.
        for _ in 1...20 { _ = try pair.first.refusal("acme") }
        #expect(pair.first.log.text.count { $0.contains("shared-state-unavailable") && $0.contains(#""error""#) } == 1)
        try pair.redis.start()
        try pair.settle()
        #expect(try pair.first.metrics()["tidegate_shared_state_up"] == 1)
    }

    /// Others may have its place from then on.
    @Test func aSessionWhosePlaceNobodyKnowsOfEnds() throws {
        let pair = try Pair(TenantLimits(sessions: 5))
        try pair.settle()
        let counted = try pair.first.begunClient("acme")
        let other = try pair.first.begunClient("globex")
        let start = MonotonicClock.now()
        pair.redis.kill()
        #expect(try counted.toTheEnd().closeCode == 4429)
        #expect(MonotonicClock.now().duration(since: start) <= Self.lease + .seconds(1))
        _ = try pair.first.log.line("session-ended") {
            $0["ending"] == "quota-reached" && $0["limit"] == "shared-state"
        }
        other.send(text: #"{"type":"Terminate"}"#)
        #expect(try other.toTheEnd().closeCode == 1000)
    }

    @Test func aServerThatIsBackInTimeHasEndedNothingAndKnowsWhatIsHeld() throws {
        let pair = try Pair(TenantLimits(sessions: 1)) { $0.sharedState?.lease = .seconds(4) }
        try pair.settle()
        var clients: [StandInClient] = []
        try pair.first.untilBegun("acme", &clients)
        pair.redis.kill()
        try pair.redis.start()
        for harbour in [pair.first, pair.second] {
            try harbour.log.lines("shared-state-available") { $0.count == 2 }
        }
        // Until a place may be given again, the one that is held has been told.
        while try pair.second.refusal("acme").body.contains("begins anew") {}
        #expect(try pair.second.refusal("acme").body.contains("1 sessions of tenant acme"))
        clients[0].send(text: #"{"type":"Terminate"}"#)
        #expect(try clients[0].toTheEnd().closeCode == 1000)
    }

    @Test func whereItMayEachRelayCountsForItself() throws {
        let pair = try Pair(TenantLimits(sessions: 2)) { $0.sharedState?.whenUnavailable = .local }
        try pair.settle()
        var clients = [try pair.first.begunClient("acme")]
        pair.redis.kill()
        for harbour in [pair.first, pair.second] { _ = try harbour.log.line("shared-state-unavailable") }
        clients.append(try pair.first.begunClient("acme"))
        #expect(try pair.first.refusal("acme").status == 429)
        clients += try (1...2).map { _ in try pair.second.begunClient("acme") }
        #expect(try pair.second.refusal("acme").status == 429)
        let token = try pair.first.mint("globex")
        try pair.first.stranger("/v3/ws?token=\(token)").begun()
        let spent = try pair.first.stranger("/v3/ws?token=\(token)").toTheEnd()
        #expect(spent.refusal?.status == 401)
        // The places are told when it is back, and nobody gets one more.
        try pair.redis.start()
        for harbour in [pair.first, pair.second] {
            try harbour.log.lines("shared-state-available") { $0.count == 2 }
        }
        #expect(try pair.second.refusal("acme").status == 429)
        #expect(pair.running == 4)
        for client in clients {
            client.send(text: #"{"type":"Terminate"}"#)
            #expect(try client.toTheEnd().closeCode == 1000)
        }
    }

    @Test func aServerThatHangsHoldsUpNobody() throws {
        let pair = try Pair(TenantLimits(sessions: 5))
        try pair.settle()
        pair.redis.hang()
        defer { pair.redis.goOn() }
        let start = MonotonicClock.now()
        let waiting = pair.first.client("acme")
        try pair.first.client("globex").begun()
        #expect(try waiting.toTheEnd().refusal?.status == 429)
        #expect(MonotonicClock.now().duration(since: start) <= .seconds(5))
    }

    // MARK: How it is spoken to

    @Test func itIsSpokenToOverTLSWithAPassword() throws {
        let authority = ThrowawayAuthority(name: "Redis")
        let folder = FileManager.default.temporaryDirectory.path() + "/redis-tls-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = try authority.issue(names: ["127.0.0.1"]).write(to: folder, name: "redis")
        let trust = try authority.write(to: folder, name: "authority")
        let password = folder + "/password"
        try Data("hush-hush\n".utf8).write(to: URL(filePath: password))
        let redis = try RedisServer(password: "hush-hush", tls: (files.chain, files.key))
        let good = SharedStateSettings(
            host: "127.0.0.1", port: redis.port, isSecure: true, authority: .file(trust), password: .file(password),
            lease: Self.lease)
        let pair = try Pair(TenantLimits(newSessionsPerMinute: 1), redis: redis) { $0.sharedState = good }
        try pair.first.client("acme").begun()
        #expect(try pair.second.refusal("acme").status == 429)

        func reason(_ change: (inout SharedStateSettings) -> Void) throws -> String {
            var settings = good
            change(&settings)
            let harbour = try RelayHarbour { $0.sharedState = settings }
            return try #require(harbour.log.line("shared-state-unavailable")["detail"]?.string)
        }
        #expect(try reason { $0.password = nil }.contains("NOAUTH"))
        try Data("wrong".utf8).write(to: URL(filePath: folder + "/wrong"))
        #expect(try reason { $0.password = .file(folder + "/wrong") }.contains("WRONGPASS"))
        let stranger = try ThrowawayAuthority(name: "Stranger").write(to: folder, name: "stranger")
        #expect(try reason { $0.authority = .file(stranger) }.contains("certificate"))
        #expect(try reason { ($0.isSecure, $0.password) = (false, nil) }.isEmpty == false)
    }

    @Test func aNewPasswordIsUsedWithoutARestart() throws {
        let redis = try RedisServer(password: "second")
        let harbour = try RelayHarbour { plan in
            try Data("first".utf8).write(to: URL(filePath: plan.folder + "/redis"))
            plan.sharedState = SharedStateSettings(
                host: "127.0.0.1", port: redis.port, password: .file(plan.folder + "/redis"), lease: Self.lease)
        }
        #expect(try harbour.log.line("shared-state-unavailable")["detail"]?.string?.contains("WRONGPASS") == true)
        try Data("second".utf8).write(to: URL(filePath: harbour.folder + "/redis"))
        try harbour.reload { _ in }
        _ = try harbour.log.line("shared-state-available")
    }
}

extension RelayHarbour {
    /// What somebody of a tenant hears who is not let in.
    fileprivate func refusal(_ tenant: String) throws -> AdminReply {
        let client = try wire()
        client.request(key: key(of: tenant))
        return try client.readAnswer()
    }

    /// Asks until there is a place, and keeps the client.
    fileprivate func untilBegun(_ tenant: String, _ clients: inout [StandInClient]) throws {
        while true {
            let client = client(tenant)
            guard case .opened = try client.event() else { continue }
            #expect(try client.message()["type"] == "Begin")
            clients.append(client)
            return
        }
    }
}
