import Policy
import RelayCore
import Testing
import WebSocket

@Suite struct DialingTests {
    private static let unavailable = "No endpoint of the speech provider can be reached in a zone that policy allows."
    private static let refused =
        "The speech provider refused the relay's request. The relay's operator must look at its key."
    private static let late = "The speech provider took too long to answer."

    private func failed(_ kind: DialFailure.Kind) -> SessionEvent { .dialFailed(DialFailure(kind, "detail")) }

    // MARK: The grant

    @Test(
        arguments: [
            (.acme, nil, ["us1", "us2"]), (.pair, nil, ["edge1", "edge2", "us1", "us2"]),
            (.pair, .edge, ["edge1", "edge2"]), (.pair, .us, ["us1", "us2"]), (.free, nil, ["edge1", "edge2"]),
            (.free, .eu, ["eu1", "eu2"]),
        ] as [(TenantName, Zone?, [String])])
    func aZonesEndpointsAreTriedInOrderAndAnotherZonesOnlyIfNoneWasAskedFor(
        tenant: TenantName, ask: Zone?, hosts: [String]
    ) {
        let play = Playbook.identifying(ask: Ask(zone: ask))
        play.when(.identified(.tenant(tenant)), then: .open, .dial("\(hosts[0]).example"))
        for host in hosts.dropFirst() { play.when(failed(.connectFailed), then: .dial("\(host).example")) }
        play.when(
            failed(.connectFailed), then: .error(4503, Self.unavailable, "upstream-unavailable"),
            .close(.client, 4503, Self.unavailable))
        play.when(.client, sends: Client.close(4503), then: .finish(.client), .conclude(.refused(.upstreamUnavailable)))
        #expect(play.summary?.refusal == Refusal(.upstreamUnavailable, Self.unavailable))
        #expect(play.summary?.zone == nil)
    }

    @Test(arguments: DialFailure.Kind.allCases)
    func whatFollowsAFailedDialIsSaidByItsKind(kind: DialFailure.Kind) {
        let play = Playbook.dialing(ask: Ask(zone: .us))
        guard kind.consequence.triesNext else {
            let report: [Effect] = kind == .keyRejected ? [.reportRefusedKey("us1.example", .current)] : []
            let refusal = kind.consequence.refusal
            let sentence = DialFailure.sentence(for: refusal)
            let told: [Effect] = [
                .error(Int(refusal.closeCode), sentence, refusal.rawValue),
                .close(.client, refusal.closeCode, sentence),
            ]
            #expect(play.happens(failed(kind)) == report + told)
            return
        }
        play.when(failed(kind), then: .dial("us2.example"))
        let isLate = kind.consequence.refusal == .timeout
        let (code, sentence) = isLate ? (4504, Self.late) : (4503, Self.unavailable)
        play.when(
            failed(kind), then: .error(code, sentence, kind.consequence.refusal.rawValue),
            .close(.client, UInt16(code), sentence))
    }

    @Test func aRejectedKeyStopsTheGrantHalfWay() {
        let play = Playbook.dialing(tenant: .pair)
        play.when(failed(.resolveFailed), then: .dial("edge2.example"))
        play.when(
            failed(.keyRejected), then: .reportRefusedKey("edge2.example", .current),
            .error(4502, Self.refused, "upstream-refused"),
            .close(.client, 4502, Self.refused))
        play.when(failed(.connectFailed))
    }

    @Test func theZoneThatAnsweredIsRecorded() throws {
        let play = Playbook.dialing(tenant: .pair)
        play.happens(failed(.overloaded))
        play.happens(failed(.overloaded))
        play.when(.dialed(.somewhere))
        play.when(.legEnded(.client), then: .terminate)
        play.when(.legEnded(.upstream), then: .conclude(.lost(.client)))
        let summary = try #require(play.summary)
        #expect(summary.zone == .us)
        #expect(summary.endpoint?.host == "us1.example")
        #expect(summary.tenant == .pair)
    }

    @Test func eachZoneIsSpokenToInItsProvidersManner() {
        let settings = SessionSettings(providers: [.us: .generic(onClientLoss: "bye")])
        let play = Playbook.dialing(settings, tenant: .pair)
        play.happens(failed(.overloaded))
        play.happens(failed(.overloaded))
        play.happens(.dialed(.somewhere))
        play.when(.legEnded(.client), then: .send(.upstream, .text("bye")), .close(.upstream, 1001))
    }

    @Test func allDialsTogetherMayTakeSoLong() {
        let play = Playbook.dialing(SessionSettings(ping: .seconds(60), dial: .seconds(30)), tenant: .pair)
        for host in ["edge2", "us1", "us2"] {
            play.wait(.seconds(9))
            play.when(failed(.tooLate), then: .dial("\(host).example"))
        }
        play.when(
            in: .seconds(3), then: .error(4504, Self.late, "timeout"), .close(.client, 4504, Self.late), .abandonDial)
    }

    @Test func whatIsDialledInTimeIsNotEndedByTheDialsTime() {
        let play = Playbook.dialing(SessionSettings(ping: .seconds(60), dial: .seconds(30)))
        play.wait(.seconds(29))
        play.happens(.dialed(.somewhere))
        play.arrives(Upstream.begin, from: .upstream)
        #expect(play.timeToDeadline == .seconds(31))
    }

    // MARK: Frames that wait

    @Test func whatTheClientSendsMeanwhileIsForwardedOnceWhateverIsDialled() {
        let play = Playbook.dialing()
        play.when(.client, sends: Client.audio(10), then: .up(Client.audio(10)))
        play.when(failed(.connectFailed), then: .dial("us2.example"))
        play.when(.client, sends: Client.audio(20), Client.text("x"), then: .up(Client.audio(20) + Client.text("x")))
        play.when(.dialed(.somewhere))
        play.when(.client, sends: Client.audio(30), then: .up(Client.audio(30)))
    }

    @Test func theClientIsPausedWhenTooMuchWaitsForTheDial() {
        let play = Playbook.dialing()
        play.when(64 << 10, waitFor: .upstream, then: .pause(.client))
        play.when(.dialed(.somewhere))
        play.when(0, waitFor: .upstream, then: .resume(.client))
    }

    @Test func aClientsPingIsAnswered() {
        let play = Playbook.dialing()
        play.when(.client, sends: Client.ping("a"), then: .send(.client, .pong(Array("a".utf8))))
    }

    // MARK: The record

    private static let recording = SessionSettings(recordsOpenings: true)
    private static let unrecorded = "A limit is reached: receipts cannot be written."

    @Test func aRecordThatIsWrittenBeforeTheDialIsOverHoldsNothingUp() {
        let play = Playbook.dialing(Self.recording)
        play.when(.recorded)
        #expect(!play.hasJoined)
        play.when(.dialed(.somewhere))
        #expect(play.hasJoined)
    }

    @Test func nothingGoesUpstreamBeforeItsOpeningIsOnRecord() {
        let play = Playbook.dialing(Self.recording)
        play.happens(.upgradeSent)
        play.when(.dialed(.somewhere))
        #expect(!play.hasJoined)
        play.when(.recorded)
        #expect(play.hasJoined)
    }

    @Test func eachEndpointNeedsARecordOfItsOwn() {
        let play = Playbook.dialing(Self.recording)
        play.when(.recorded)
        play.when(failed(.connectFailed), then: .dial("us2.example"))
        play.when(.dialed(.somewhere))
        #expect(!play.hasJoined)
        play.when(.recorded)
        #expect(play.hasJoined)
    }

    @Test func aSessionThatCannotBeOnRecordIsRefusedAndHeardByNobody() throws {
        let play = Playbook.dialing(Self.recording)
        play.happens(.upgradeSent)
        play.arrives(Client.audio(10), from: .client)
        play.when(.dialed(.somewhere))
        play.when(
            .notRecorded, then: .error(4429, Self.unrecorded, "limit"), .close(.client, 4429, Self.unrecorded),
            .discard, .terminate)
        play.happens(.legEnded(.client))
        play.when(.legEnded(.upstream), then: .conclude(.refused(.limit)))
        let summary = try #require(play.summary)
        #expect(summary.zone == .us && summary.up.frames == 0 && summary.refusal?.name == .limit)
    }

    @Test func aRecordThatTakesTooLongIsNotWaitedFor() {
        let play = Playbook.dialing(Self.recording)
        play.happens(.upgradeSent)
        play.happens(.dialed(.somewhere))
        play.when(
            in: Self.recording.handshake, then: .error(4429, Self.unrecorded, "limit"),
            .close(.client, 4429, Self.unrecorded), .discard, .terminate)
    }

    @Test func anUpstreamThatIsLostBeforeTheRecordIsADialThatFailed() throws {
        let play = Playbook.dialing(Self.recording)
        play.happens(.upgradeSent)
        play.happens(.dialed(.somewhere))
        play.when(.legEnded(.upstream), then: .dial("us2.example"))
    }

    @Test func aClientThatGoesBeforeTheRecordIsHeardByNobody() {
        let play = Playbook.dialing(Self.recording)
        play.happens(.upgradeSent)
        play.arrives(Client.audio(10), from: .client)
        play.happens(.dialed(.somewhere))
        play.when(.legEnded(.client), then: .discard, .terminate)
    }

    // MARK: The client ends it

    @Test func aCloseBeforeTheUpgradeAbandonsTheDial() {
        let play = Playbook.dialing()
        play.when(
            .client, sends: Client.close(1000, "bye"), then: .close(.client, 1000, "bye"), .finish(.client),
            .abandonDial,
            .conclude(.clientClosed(code: .normal)))
        play.when(.dialed(.somewhere))
        play.when(failed(.connectFailed))
    }

    @Test func aLossBeforeTheUpgradeAbandonsTheDial() {
        let play = Playbook.dialing()
        play.when(.legEnded(.client), then: .abandonDial, .conclude(.abandoned))
    }

    @Test func aCloseAfterTheUpgradeWaitsForTheDialAndTerminatesWhatItOpened() throws {
        let play = Playbook.dialing()
        play.when(.upgradeSent)
        play.when(
            .client, sends: Client.close(1000, "bye"), then: .close(.client, 1000, "bye"), .finish(.client), .discard)
        #expect(play.timeToDeadline == nil)
        play.when(.dialed(.somewhere), then: .terminate)
        play.when(.upstream, sends: Upstream.begin)
        play.when(.upstream, sends: Upstream.termination, then: .close(.upstream, 1000, "bye"))
        play.when(
            .upstream, sends: Upstream.close(1000), then: .finish(.upstream), .conclude(.clientClosed(code: .normal)))
        let summary = try #require(play.summary)
        #expect(summary.terminatedBy == .upstream)
        #expect(summary.billedSeconds == 7)
    }

    /// Nobody would hear the answer, and by then policy may not allow it any more.
    @Test func whatALostClientSaidBeforeTheUpstreamOpenedGoesNowhere() {
        let play = Playbook.dialing()
        play.when(.upgradeSent)
        let said = Client.terminate + Client.audio(100, fin: false).prefix(46)
        play.when(.client, sends: said, then: .up(said))
        play.when(.legEnded(.client), then: .discard)
        play.when(.dialed(.somewhere), then: .terminate)
        #expect(play.runDeadlines())
        #expect(play.summary?.up == Meter())
    }

    @Test func aDialThatFailsAfterTheClientLeftEndsTheSession() {
        let play = Playbook.dialing()
        play.when(.upgradeSent)
        play.when(.legEnded(.client), then: .discard)
        play.when(failed(.tooLate), then: .conclude(.abandoned))
    }

    @Test func theUpgradeOfAnEarlierDialDoesNotCountForTheNext() {
        let play = Playbook.dialing()
        play.when(.upgradeSent)
        play.when(failed(.overloaded), then: .dial("us2.example"))
        play.when(.legEnded(.client), then: .abandonDial, .conclude(.abandoned))
    }

    @Test func aBreachIsToldAndTheDialAbandoned() {
        let play = Playbook.dialing()
        let sentence = "A reserved bit is set that no extension was agreed for."
        play.when(
            .client, sends: Client.audio(5), Client.breach,
            then: .up(Client.audio(5)), .error(1002, sentence, "client-violation"), .close(.client, 1002, sentence),
            .finish(.client), .abandonDial, .conclude(.violated(.client, .reservedBits)))
    }

    // MARK: Other ends

    @Test func aDrainBeforeTheUpgradeTellsTheClientAndAbandonsTheDial() {
        let play = Playbook.dialing()
        let sentence = "The relay restarts. Connect again."
        play.when(
            .drain, then: .error(1012, sentence, "drained"), .close(.client, 1012, sentence), .abandonDial)
        play.when(.client, sends: Client.audio(), Client.close(1012), then: .finish(.client), .conclude(.drained))
    }

    @Test func aDrainAfterTheUpgradeTerminatesWhatTheDialOpened() {
        let play = Playbook.dialing()
        play.when(.upgradeSent)
        let sentence = "The relay restarts. Connect again."
        play.when(.drain, then: .error(1012, sentence, "drained"), .close(.client, 1012, sentence), .discard)
        // It comes too late to be passed on, so it is not the client that terminates.
        play.when(.client, sends: Client.terminate)
        play.when(.dialed(.somewhere), then: .terminate)
        play.when(.client, sends: Client.close(1012), then: .finish(.client))
        play.when(.upstream, sends: Upstream.termination, then: .close(.upstream, 1001))
        play.when(.legEnded(.upstream), then: .conclude(.drained))
        #expect(play.summary?.terminatedBy == .upstream)
    }

    @Test func anOperatorEndsADialAsARestartDoes() {
        let play = Playbook.dialing()
        let sentence = "The relay's operator ended the session."
        play.when(.dismiss, then: .error(1001, sentence, "admin"), .close(.client, 1001, sentence), .abandonDial)
        play.when(.dismiss)
        play.when(.client, sends: Client.close(1001), then: .finish(.client), .conclude(.dismissed))
    }

    @Test func aDialThatWasGivenUpCannotSucceed() {
        let play = Playbook.dialing()
        play.happens(.drain)
        play.when(.dialed(.somewhere))
        play.when(.upstream, sends: Upstream.begin)
        play.when(.client, sends: Client.close(1012), then: .finish(.client), .conclude(.drained))
    }

    @Test(
        arguments: [
            .requested(SessionRequest(ask: Ask(zone: .eu))), .rejected(.draining, .http),
            .identified(.tenant(.free)), .legEnded(.upstream), .deadline,
        ] as [SessionEvent])
    func nothingElseDisturbs(event: SessionEvent) {
        let play = Playbook.dialing()
        play.when(event)
        play.when(failed(.connectFailed), then: .dial("us2.example"))
    }
}
