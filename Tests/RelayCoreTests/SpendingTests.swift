import Policy
import RelayCore
import Testing
import WebSocket

@Suite struct SpendingTests {
    private static let spent = "The credential has been used; it opens one session."
    private static let superseded = "A newer attempt with the same credential has taken the place of this one."

    @Test func aCredentialIsSpentBeforeTheClientHearsBegin() {
        let play = Self.opened()
        play.when(.upstream, sends: Upstream.begin, then: .spend, .passHeld, .down(Upstream.begin))
        play.when(.upstream, sends: Upstream.begin, then: .down(Upstream.begin))
    }

    @Test func ofTwoSessionsThatBeginTheSecondIsToldAndTerminated() {
        let play = Self.opened()
        play.isFirstToSpend = false
        play.when(
            .upstream, sends: Upstream.begin,
            then: .spend, .error(4401, Self.spent, "unauthenticated"), .close(.client, 4401, Self.spent), .terminate)
        #expect(!play.toClient.bytes.starts(with: Upstream.begin))
    }

    @Test func aCredentialForManySessionsIsNotSpent() {
        let play = Playbook.opened()
        play.when(.upstream, sends: Upstream.begin, then: .down(Upstream.begin))
    }

    @Test func aProviderWithoutABeginHasBegunWhenItIsOpen() {
        let play = Self.dialing(.generic())
        play.when(.dialed(.somewhere), then: .spend)
        #expect(!play.isClosed)
        let second = Self.dialing(.generic())
        second.isFirstToSpend = false
        let effects = second.happens(.dialed(.somewhere))
        #expect(effects.contains(.close(.client, 4401, Self.spent)))
    }

    @Test func anAttemptThatFailsSpendsNothing() {
        let play = Self.opened()
        let effects = play.arrives(Upstream.error(1008), from: .upstream)
        #expect(!effects.contains(.spend))
    }

    @Test func anAttemptThatItsClientGaveUpSpendsNothing() {
        let play = Self.opened()
        play.happens(.legEnded(.client))
        let effects = play.arrives(Upstream.begin, from: .upstream)
        #expect(!effects.contains(.spend))
    }

    @Test func aNewerAttemptTakesThePlaceOfOneThatIsDialled() {
        let play = Self.dialing()
        play.when(
            .superseded, then: .error(4401, Self.superseded, "unauthenticated"),
            .close(.client, 4401, Self.superseded), .abandonDial)
    }

    @Test func aNewerAttemptTakesThePlaceOfOneThatHasNotBegun() {
        let play = Self.opened()
        play.when(
            .superseded, then: .error(4401, Self.superseded, "unauthenticated"),
            .close(.client, 4401, Self.superseded), .terminate)
    }

    @Test func aSessionThatHasBegunHasNoNewerAttempt() {
        let play = Self.opened()
        play.happens(.spent(true))
        play.when(.superseded)
    }

    // MARK: An answer that takes its time

    private static let lost =
        "The relay cannot reach what it shares with others, which counts this session. Connect again."

    @Test func untilItIsKnownWhoSpentTheCredentialNothingOfTheProvidersPasses() {
        let play = Self.opened()
        play.knowsSpending = false
        play.when(.upstream, sends: Upstream.begin, Upstream.turn, then: .spend, .pause(.upstream))
        #expect(play.heldWords == Upstream.turn)
        // The other direction goes on.
        play.when(.client, sends: Client.audio(), then: .up(Client.audio()))
        play.when(
            .spent(true), then: .passHeld, .down(Upstream.begin), .resume(.upstream), .down(Upstream.turn))
    }

    @Test func whoeverWasTooLateHearsNothingOfTheProviders() {
        let play = Self.opened()
        play.knowsSpending = false
        play.arrives(Upstream.begin + Upstream.turn, from: .upstream)
        play.when(
            .spent(false), then: .error(4401, Self.spent, "unauthenticated"), .close(.client, 4401, Self.spent),
            .resume(.upstream), .terminate)
        #expect(!play.toClient.bytes.starts(with: Upstream.begin))
    }

    @Test func aSessionThatNobodyCanVouchForEndsAndIsTerminated() {
        let play = Self.opened()
        play.knowsSpending = false
        play.arrives(Upstream.begin, from: .upstream)
        play.when(
            .placeLost, then: .error(4429, Self.lost, "quota-reached"), .close(.client, 4429, Self.lost),
            .resume(.upstream), .terminate)
        #expect(!play.toClient.bytes.starts(with: Upstream.begin))
    }

    @Test func aPlaceThatIsLostEndsASessionWhereverItIs() {
        let running = Playbook.relaying()
        running.when(
            .placeLost, then: .error(4429, Self.lost, "quota-reached"), .close(.client, 4429, Self.lost), .terminate)
        let dialled = Playbook.dialing()
        dialled.when(
            .placeLost, then: .error(4429, Self.lost, "quota-reached"), .close(.client, 4429, Self.lost), .abandonDial)
        Playbook.identifying().when(.placeLost)
    }

    @Test func nobodyWaitsForAnAnswerThatWasNotAskedFor() {
        let play = Playbook.relaying()
        play.when(.spending)
        play.when(.upstream, sends: Upstream.turn, then: .down(Upstream.turn))
    }

    // MARK: What a credential narrows

    @Test func theSessionIsAsShortAsTheCredentialHasIt() {
        let play = Playbook.identifying()
        play.happens(
            .identified(.tenant(.acme), bounds: CredentialBounds(session: .seconds(60))))
        play.happens(.dialed(.somewhere))
        play.wait(.seconds(59))
        play.arrives(Client.audio(10), from: .client)
        play.arrives(Upstream.begin, from: .upstream)
        #expect(play.timeToDeadline == .seconds(1))
    }

    @Test func aBoundZoneIsDialledAsIfItWereAskedFor() {
        let play = Playbook.identifying()
        play.when(
            .identified(.tenant(.pair), bounds: CredentialBounds(zone: .us)), then: .open,
            .dial("us1.example"))
    }

    private static func dialing(_ settings: SessionSettings = SessionSettings()) -> Playbook {
        let play = Playbook.identifying(settings)
        play.happens(.identified(.tenant(.acme), isOneTime: true))
        return play
    }

    private static func opened() -> Playbook {
        let play = dialing()
        play.happens(.upgradeSent)
        play.happens(.dialed(.somewhere))
        return play
    }
}
