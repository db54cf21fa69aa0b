import Policy
import RelayCore
import Testing
import WebSocket

@Suite struct RefusedKeyTests {
    private static let spare = SessionSettings(bufferBytes: 1000, spareKeys: SpareKeys(zones: [.us]))
    private static let refused =
        "The speech provider refused the relay's request. The relay's operator must look at its key."
    private static let rejected = SessionEvent.dialFailed(DialFailure(.keyRejected, "401"))
    private static let goodbye: [Effect] = [.close(.upstream, 1001), .finish(.upstream)]
    private static let again: [Effect] = [.rewind, .dial("us1.example", .previous)]

    static let refusals: [[UInt8]] = [
        Upstream.error(1008), Upstream.close(1008, "See Error message for details"),
        Upstream.error(1008) + Upstream.close(1008), Upstream.ping("x") + Upstream.error(1008),
    ]

    // MARK: At the upgrade

    @Test func aKeyRefusedAtTheUpgradeIsFollowedByTheOneBeforeIt() {
        let play = Playbook.dialing(Self.spare)
        play.when(.client, sends: Client.audio(10), then: .up(Client.audio(10)))
        play.when(
            Self.rejected, then: .reportRefusedKey("us1.example", .current), .dial("us1.example", .previous))
        play.when(.dialed(.somewhere))
        play.when(.upstream, sends: Upstream.begin, then: .down(Upstream.begin))
        #expect(play.toUpstream.bytes == Client.audio(10))
    }

    @Test func thePreviousKeyIsTheLast() {
        let play = Playbook.dialing(Self.spare)
        play.happens(Self.rejected)
        play.when(
            Self.rejected, then: .reportRefusedKey("us1.example", .previous),
            .error(4502, Self.refused, "upstream-refused"), .close(.client, 4502, Self.refused))
        play.happens(.legEnded(.client))
        #expect(play.summary?.failedDials.map(\.failure.kind) == [.keyRejected, .keyRejected])
    }

    @Test func theNextEndpointIsShownTheCurrentKeyAgain() {
        let play = Playbook.dialing(Self.spare)
        play.happens(Self.rejected)
        play.when(.dialFailed(DialFailure(.connectFailed, "")), then: .dial("us2.example"))
        play.when(
            Self.rejected, then: .reportRefusedKey("us2.example", .current), .dial("us2.example", .previous))
    }

    @Test(arguments: [
        SpareKeys(), SpareKeys(zones: [.eu]), SpareKeys(zones: [.us], ownKeys: [.acme: [.us, .eu]]),
    ])
    func withoutAPreviousKeyOfItsOwnASessionEnds(keys: SpareKeys) {
        let settings = SessionSettings(spareKeys: keys)
        let told: [Effect] = [
            .reportRefusedKey("us1.example", .current), .error(4502, Self.refused, "upstream-refused"),
            .close(.client, 4502, Self.refused),
        ]
        #expect(Playbook.dialing(settings).happens(Self.rejected) == told)
        #expect(Playbook.opened(settings).arrives(Upstream.error(1008), from: .upstream).prefix(3) == told[...])
    }

    @Test func aTenantsOwnKeyInOneZoneLeavesItTheZonesKeysInTheOthers() {
        let keys = SpareKeys(zones: [.us, .edge], ownKeys: [.pair: [.edge]])
        #expect(keys.has(.pair, in: .us) && !keys.has(.pair, in: .edge) && keys.has(.acme, in: .edge))
        #expect(!keys.has(.acme, in: .eu))
    }

    // MARK: In-band

    @Test(arguments: refusals, [1, 7, Int.max])
    func aKeyRefusedInBandIsNotNoticedByTheClient(words: [UInt8], size: Int) {
        let play = Playbook.opened(Self.spare)
        let sent = Client.audio(300) + Client.text("configuration") + Client.audio(200)
        play.arrives(sent, from: .client)
        let pongs: [Effect] = words.starts(with: Upstream.ping("x")) ? [.send(.upstream, .pong(Array("x".utf8)))] : []
        #expect(
            play.arrives(words, from: .upstream, inPiecesOf: size)
                == pongs + [.reportRefusedKey("us1.example", .current)] + Self.goodbye + Self.again)
        #expect(play.toUpstream.bytes == sent)
        // The old leg is nobody's any more; the new one hears what comes now behind what it hears again.
        play.when(.upstream, sends: Upstream.turn)
        play.when(.client, sends: Client.audio(50), then: .up(Client.audio(50)))
        play.when(.upgradeSent)
        play.when(.dialed(.somewhere))
        play.when(.upstream, sends: Upstream.begin, then: .down(Upstream.begin))
        play.when(.client, sends: Client.terminate, then: .up(Client.terminate))
        play.arrives(Upstream.termination, from: .upstream)
        play.arrives(Upstream.close(1000), from: .upstream)
        play.arrives(Client.close(1000), from: .client)
        #expect(play.toClient.bytes == Upstream.begin + Upstream.termination + Upstream.close(1000))
        #expect(play.toUpstream.bytes.starts(with: sent + Client.audio(50) + Client.terminate))
        #expect(play.summary?.failedDials.map(\.failure.name) == ["key-rejected"])
        #expect(play.summary?.ending == .upstreamClosed(code: .normal))
        #expect(play.faults == [])
    }

    @Test func aFrameUnderWayIsSaidAgainFromItsStartAndGoesOn() {
        let play = Playbook.opened(Self.spare)
        let frame = Client.audio(300)
        play.arrives(Array(frame.prefix(100)), from: .client)
        #expect(
            play.arrives(Upstream.error(1008), from: .upstream)
                == [.reportRefusedKey("us1.example", .current), .abort(.upstream)] + Self.again)
        play.when(.client, sends: Array(frame.dropFirst(100)), then: .up(Array(frame.dropFirst(100))))
        play.when(.dialed(.somewhere))
        #expect(play.toUpstream.bytes == frame)
        #expect(play.toUpstream.frames.count == 1)
    }

    @Test func whatIsTooMuchToKeepIsNotSaidAgain() {
        for (count, isKept) in [(992, true), (993, false)] {
            let play = Playbook.opened(Self.spare)
            // A header of eight bytes.
            play.arrives(Client.audio(count), from: .client)
            let effects = play.arrives(Upstream.error(1008), from: .upstream)
            #expect(effects.contains(.rewind) == isKept, "\(count)")
            #expect(effects.contains(.close(.client, 4502, Self.refused)) == !isKept)
        }
    }

    @Test func onceTheClientHasHeardAnythingThereIsNoSecondBeginning() {
        for heard in [Upstream.begin, Upstream.turn] {
            let play = Playbook.opened(Self.spare)
            play.arrives(heard, from: .upstream)
            #expect(!play.arrives(Upstream.error(1008), from: .upstream).contains(.rewind))
        }
    }

    @Test func whatWasKeptIsForgottenWhenTheProviderBegins() {
        let play = Playbook.opened(Self.spare)
        play.when(.upstream, sends: Upstream.begin, then: .down(Upstream.begin), .forgetPassed)
        let other = Playbook.opened()
        other.when(.upstream, sends: Upstream.begin, then: .down(Upstream.begin))
    }

    @Test func theSecondKeyRefusedInBandEndsTheSession() {
        let play = Playbook.opened(Self.spare)
        play.arrives(Upstream.error(1008), from: .upstream)
        play.happens(.dialed(.somewhere))
        play.when(
            .upstream, sends: Upstream.error(1008), then: .reportRefusedKey("us1.example", .previous),
            .error(4502, Self.refused, "upstream-refused"), .close(.client, 4502, Self.refused),
            .close(.upstream, 1001))
    }

    @Test func aClientThatLeavesBetweenTheKeysLeavesNothingBehind() {
        let play = Playbook.opened(Self.spare)
        play.arrives(Client.audio(100), from: .client)
        play.arrives(Upstream.error(1008), from: .upstream)
        play.when(.legEnded(.client), then: .abandonDial, .conclude(.abandoned))
        #expect(play.faults == [])
    }

    @Test func aGenericProvidersWordsPassWhateverTheySay() {
        var settings = SessionSettings.generic()
        settings.spareKeys = SpareKeys(zones: [.us])
        let play = Playbook.opened(settings)
        play.when(.upstream, sends: Upstream.error(1008), then: .down(Upstream.error(1008)))
        let other = Playbook.dialing(settings)
        other.when(
            Self.rejected, then: .reportRefusedKey("us1.example", .current), .dial("us1.example", .previous))
    }

    @Test func whatWaitedForTheRefusedUpstreamStillPausesItsWriter() {
        let play = Playbook.opened(Self.spare)
        play.when(1000, waitFor: .upstream, then: .pause(.client))
        play.arrives(Upstream.error(1008), from: .upstream)
        play.when(.dialed(.somewhere))
        play.when(0, waitFor: .upstream, then: .resume(.client))
    }
}
