import Policy
import RelayCore
import Testing

@Suite struct AwaitingTests {
    @Test func aRequestHasItsCredentialChecked() {
        let play = Playbook()
        play.when(.requested(SessionRequest(ask: Ask())), then: .identify)
        #expect(play.timeToDeadline == .seconds(10))
    }

    @Test(
        arguments: [
            Refusal(.badRequest, "Two zones are asked for: us and eu. Ask for one."),
            Refusal(.badRequest, "There is nothing here.", status: 404), Refusal(.timeout, "Too slow.", status: 408),
        ])
    func anImproperRequestIsRefusedOverHTTPAndThatIsAll(refusal: Refusal) {
        let play = Playbook()
        play.when(.rejected(refusal, .http), then: .refuse(refusal), .conclude(.refused(refusal.name)))
        #expect(play.isClosed)
        #expect(play.summary?.refusal == refusal)
    }

    @Test func anImproperRequestOfAPageIsRefusedInBand() {
        let play = Playbook()
        let sentence = "Two zones are asked for: us and eu. Ask for one."
        play.when(
            .rejected(Refusal(.badRequest, sentence), .webSocket),
            then: .open, .error(4400, sentence, "bad-request"), .close(.client, 4400, sentence))
    }

    @Test func aRelayThatShutsDownTakesNoSession() {
        let play = Playbook()
        play.when(.drain, then: .refuse(.draining), .conclude(.refused(.draining)))
    }

    @Test func aClientThatLeavesBeforeItsRequestIsForgotten() {
        let play = Playbook()
        play.when(.legEnded(.client), then: .conclude(.abandoned))
    }

    @Test(
        arguments: [
            .identified(.tenant(.acme)), .upgradeSent, .dialed(.somewhere),
            .dialFailed(DialFailure(.connectFailed, "")), .deadline,
        ] as [SessionEvent])
    func nothingAnswersAQuestionThatWasNotAsked(event: SessionEvent) {
        let play = Playbook()
        play.when(event)
        play.when(.client, sends: Client.audio())
        play.when(.requested(SessionRequest(ask: Ask())), then: .identify)
    }
}
