import Policy
import RelayCore
import Testing
import WebSocket

@Suite struct ReconsideringTests {
    private static let outside = "Zone us is not in the residency of tenant acme: eu."
    private static let revoked = "The credential is not known or not accepted here."

    // MARK: While relaying

    @Test func aSessionThatMayGoOnNoticesNothingAndItsRecordNamesBothVersions() throws {
        let play = Playbook.relaying()
        play.when(.policyChanged(.sample()))
        play.when(.client, sends: Client.audio(), then: .up(Client.audio()))
        play.when(.policyChanged(.sample(acme: .any)))
        play.happens(.drain)
        #expect(play.runDeadlines())
        let summary = try #require(play.summary)
        #expect(summary.policy == "v1")
        #expect(summary.lastPolicy == "v2")
    }

    @Test func aSessionOutsideTheNewResidencyIsTerminatedUpstreamAndTold() throws {
        let play = Playbook.relaying()
        play.when(
            .policyChanged(.sample(acme: .zones(.eu))),
            then: .error(4403, Self.outside, "policy-changed"), .close(.client, 4403, Self.outside), .terminate)
        // Nothing of the client's passes any more.
        play.when(.client, sends: Client.audio(), Client.close(4403), then: .finish(.client))
        play.when(.upstream, sends: Upstream.termination, then: .close(.upstream, 1001))
        play.when(
            .upstream, sends: Upstream.close(1001), then: .finish(.upstream),
            .conclude(.withdrawn(Refusal(.residency, Self.outside))))
        let summary = try #require(play.summary)
        #expect(summary.refusal?.name == .residency)
        #expect(summary.zone == .us)
        #expect(summary.policy == "v1")
        #expect(summary.lastPolicy == "v2")
    }

    @Test func aMessageUnderWayIsCompletedWithSilenceBeforeTerminate() {
        let play = Playbook.relaying()
        let frame = Array(Client.audio(100, fin: false).prefix(46))
        play.when(.client, sends: frame, then: .up(frame))
        play.when(
            .policyChanged(.sample(acme: .zones(.eu))),
            then: .error(4403, Self.outside, "policy-changed"), .close(.client, 4403, Self.outside),
            .fill(count: 60, key: Client.key(of: Client.sound(100)), offset: 40), .send(.upstream, .endOfMessage),
            .terminate)
    }

    @Test(arguments: [IdentityOutcome.unknown, .expired, .missing, .spent, .tenant(.free)])
    func aRevokedCredentialEndsItsSession(identity: IdentityOutcome) {
        let play = Playbook.relaying()
        play.happens(.policyChanged(.sample(identity: identity)))
        #expect(play.toClient.isClosed)
        #expect(play.runDeadlines())
        #expect(play.summary?.ending.name == "credential-revoked")
    }

    @Test func aConnectionThatTheRulesNowForbidEndsItsSession() {
        let play = Playbook.relaying()
        play.happens(.policyChanged(.sample(verified: false)))
        #expect(play.runDeadlines())
        #expect(play.summary?.ending.name == "policy-changed")
    }

    @Test func anEndpointThatLeftItsZoneEndsItsSession() {
        let play = Playbook.relaying()
        play.happens(.policyChanged(.sample(endpointsPerZone: 0)))
        #expect(play.runDeadlines())
        #expect(play.summary?.ending.name == "policy-changed")
    }

    @Test func aParameterThatPolicyForbidsNowEndsItsSession() throws {
        var request = SessionRequest(ask: Ask())
        request.parameters = ["sample_rate", "prompt"]
        let play = Playbook()
        play.happens(.requested(request))
        play.happens(.identified(.tenant(.acme)))
        play.happens(.policyChanged(.sample(allow: ["sample_rate", "prompt"])))
        #expect(!play.toClient.isClosed)
        play.happens(.policyChanged(.sample(allow: ["sample_rate"])))
        #expect(play.toClient.isClosed)
        #expect(play.runDeadlines())
        let summary = try #require(play.summary)
        #expect(summary.ending.name == "policy-changed")
        #expect(summary.ending.clientFarewell?.code.rawValue == 4403)
        #expect(summary.refusal?.name == .badRequest)
    }

    // MARK: While dialing

    @Test func aDialThatMayStandGoesOnWithWhatIsGrantedNowBehindIt() {
        let play = Playbook.dialing(tenant: .pair)
        play.when(.policyChanged(.sample(identity: .tenant(.pair), endpointsPerZone: 1)))
        play.when(.dialFailed(DialFailure(.connectFailed, "")), then: .dial("us1.example"))
    }

    @Test func aDialThatMayNotStandIsReplacedByOneThatMay() {
        let play = Playbook.dialing()
        play.when(.client, sends: Client.audio(), then: .up(Client.audio()))
        play.when(.policyChanged(.sample(acme: .zones(.eu))), then: .abandonDial, .dial("eu1.example"))
        play.when(.upgradeSent)
        play.when(.dialed(.somewhere))
        play.when(.client, sends: Client.audio(), then: .up(Client.audio()))
        // What the record says is what granted the zone that hears it.
        play.happens(.drain)
        #expect(play.runDeadlines())
        #expect(play.summary?.policy == "v2")
        #expect(play.summary?.granted == .eu)
    }

    @Test func whatFailedBeforeIsNotDialledAgain() {
        let play = Playbook.dialing()
        play.when(.dialFailed(DialFailure(.connectFailed, "")), then: .dial("us2.example"))
        play.when(.policyChanged(.sample(acme: .zones(.eu, .us))))
        play.when(.dialFailed(DialFailure(.connectFailed, "")), then: .dial("eu1.example"))
        play.when(.dialFailed(DialFailure(.connectFailed, "")), then: .dial("eu2.example"))
        play.happens(.dialFailed(DialFailure(.connectFailed, "")))
        #expect(play.toClient.isClosed)
    }

    @Test func aSessionThatWouldBeRefusedNowIsToldAndItsAudioGoesNowhere() {
        let play = Playbook.dialing(ask: Ask(zone: .us))
        play.when(.client, sends: Client.audio(), then: .up(Client.audio()))
        play.when(
            .policyChanged(.sample(acme: .zones(.eu))),
            then: .error(4403, Self.outside, "policy-changed"), .close(.client, 4403, Self.outside), .abandonDial)
    }

    @Test func whatTheUpgradeMayHaveOpenedIsTerminatedWithoutAByteOfAudio() {
        let play = Playbook.dialing()
        let frame = Array(Client.audio(100, fin: false).prefix(46))
        play.when(.client, sends: frame, then: .up(frame))
        play.when(.upgradeSent)
        play.when(
            .policyChanged(.sample(acme: .zones(.eu))),
            then: .error(4403, Self.outside, "policy-changed"), .close(.client, 4403, Self.outside), .discard)
        play.when(.dialed(.somewhere), then: .terminate)
        play.when(.client, sends: Client.audio(), Client.close(4403), then: .finish(.client))
    }

    @Test func aRevokedCredentialEndsADial() {
        let play = Playbook.dialing()
        play.when(
            .policyChanged(.sample(identity: .unknown)),
            then: .error(4401, Self.revoked, "credential-revoked"), .close(.client, 4401, Self.revoked), .abandonDial)
    }

    // MARK: Before the decision

    @Test func aRequestIsDecidedUnderThePolicyOfTheMoment() {
        let play = Playbook.identifying()
        play.when(.policyChanged(.sample(acme: .zones(.eu))))
        play.when(.identified(.tenant(.acme)), then: .open, .dial("eu1.example"))
    }

    @Test func whatHasEndedIsNotJudgedAgain() {
        let play = Playbook.relaying()
        play.happens(.drain)
        play.when(.policyChanged(.sample(acme: .zones(.eu))))
        #expect(play.runDeadlines())
        #expect(play.summary?.ending == .drained)
    }
}
