import Policy
import RelayCore
import Testing
import Timing
import WebSocket

@Suite struct SessionTests {
    @Test func theSummaryHoldsTheFactsOfAWholeSession() throws {
        let play = Playbook()
        play.wait(.milliseconds(5))
        play.when(.requested(SessionRequest(ask: Ask(zone: .us))), then: .identify)
        play.wait(.milliseconds(5))
        play.when(.identified(.tenant(.pair)), then: .open, .dial("us1.example"))
        play.wait(.milliseconds(190))
        play.when(.dialed(.somewhere))
        play.arrives(Upstream.begin, from: .upstream)
        play.arrives(Client.audio(3200) + Client.ping(), from: .client)
        play.wait(.seconds(6))
        play.arrives(Client.terminate, from: .client)
        play.arrives(Upstream.termination + Upstream.close(1000), from: .upstream)
        play.arrives(Client.close(1000), from: .client)
        let summary = try #require(play.summary)
        #expect(summary.id == "s1")
        #expect(summary.tenant == .pair)
        #expect(summary.asked == .us)
        #expect(summary.zone == .us)
        #expect(summary.endpoint?.host == "us1.example")
        #expect(summary.trail.map(\.rule) == Rule.allCases)
        #expect(summary.ending == .upstreamClosed(code: .normal))
        #expect(summary.refusal == nil)
        #expect(summary.duration == .milliseconds(6200))
        #expect(summary.dialTime == .milliseconds(200))
        #expect(summary.up.frames == 2)
        #expect(summary.up.bytes == 3200 + 20)
        #expect(summary.down.frames == 2)
        #expect(summary.terminatedBy == .client)
        #expect(summary.billedSeconds == 7)
    }

    @Test func listsKnowWhereASessionStandsThatWasLetIn() {
        let play = Playbook()
        #expect(play.stage == nil)
        play.happens(.requested(SessionRequest(ask: Ask(zone: .us))))
        #expect(play.stage == nil)
        play.happens(.identified(.tenant(.pair)))
        #expect(play.stage == .dialing)
        play.wait(.milliseconds(100))
        play.happens(.dialed(.somewhere))
        #expect(play.stage == .relaying)
        #expect(play.beginTime == nil)
        play.wait(.milliseconds(50))
        play.arrives(Upstream.begin, from: .upstream)
        #expect(play.beginTime == .milliseconds(150))
        play.happens(.dismiss)
        #expect(play.stage == .closing)
        #expect(play.runDeadlines())
        #expect(play.stage == nil)
    }

    @Test func whoeverIsRefusedStandsInNoList() {
        let play = Playbook.identifying(ask: Ask(zone: .eu), form: .webSocket)
        play.happens(.identified(.tenant(.acme)))
        #expect(play.stage == nil)
    }

    @Test func theSummaryOfARefusalNamesItsRule() throws {
        let play = Playbook.identifying(ask: Ask(zone: .eu))
        play.happens(.identified(.tenant(.acme)))
        let summary = try #require(play.summary)
        #expect(summary.tenant == .acme)
        #expect(summary.asked == .eu)
        #expect(summary.zone == nil)
        #expect(summary.dialTime == nil)
        #expect(summary.trail.last?.rule == .residency)
        #expect(summary.trail.last?.finding == .refuses)
        #expect(summary.ending == .refused(.residency))
    }

    @Test func aZoneWithoutAProviderOfItsOwnHasTheDefaultOne() {
        let settings = SessionSettings(providers: [.us: .generic(onClientLoss: "bye")])
        #expect(settings.provider(of: .us) == .generic(onClientLoss: "bye"))
        #expect(settings.provider(of: .eu) == .assemblyAI)
    }

    @Test func aReactionGivesItsDialAwayOnce() {
        let now = Instant(nanoseconds: 0)
        var session = Session(id: "s1", settings: SessionSettings(), policy: .sample(), now: now)
        let identify = session.handle(.requested(SessionRequest(ask: Ask())), now: now).actions
        let admit = session.handle(.identified(.tenant(.acme)), now: now).actions
        var reaction = session.handle(.admitted(.admitted), now: now)
        let dialled = [reaction.takeDial()?.zone, reaction.takeDial()?.zone]
        #expect(identify == [.identify] && admit == [.admit(.acme)])
        #expect(reaction.actions == [.open])
        #expect(dialled == [.us, nil])
    }

    @Test func aLegsOtherIsTheOther() {
        #expect(Leg.client.other == .upstream)
        #expect(Leg.upstream.other == .client)
    }
}
