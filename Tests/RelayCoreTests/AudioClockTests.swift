import Policy
import Testing
import Timing
import WebSocket

@testable import RelayCore

@Suite struct AudioClockTests {
    // MARK: What a measure makes of it

    /// The provider's contract, section 6.
    @Test(
        arguments: [
            (1600, 32_000, .milliseconds(50)), (3200, 32_000, .milliseconds(100)), (32_000, 32_000, .seconds(1)),
            (400, 8_000, .milliseconds(50)), (9600, 96_000, .milliseconds(100)), (0, 32_000, .zero),
            (1, 32_000, .nanoseconds(31_250)), (1, 3, .nanoseconds(333_333_333)),
        ] as [(UInt64, UInt64, Duration)])
    func bytesLastAsLongAsTheirRateSays(bytes: UInt64, perSecond: UInt64, duration: Duration) {
        var clock = AudioClock()
        clock.advance(to: bytes, at: Instant(nanoseconds: 7))
        #expect(clock.duration(by: .bytes(perSecond: perSecond)) == duration)
    }

    @Test func noCountTrapsOrComesOutShort() {
        var clock = AudioClock()
        clock.advance(to: .max, at: Instant(nanoseconds: 7))
        #expect(clock.duration(by: .bytes(perSecond: 1)) == .seconds(Int64.max))
        #expect(clock.duration(by: .bytes(perSecond: .max)) == .seconds(1))
        #expect(clock.duration(by: .bytes(perSecond: 0)) == .zero)
        clock.advance(to: .max - 1, at: Instant(nanoseconds: 7))
        #expect(clock.duration(by: .bytes(perSecond: .max)) == .nanoseconds(999_999_999))
    }

    @Test func timeRunsFromTheFirstMessageToTheLast() {
        var clock = AudioClock()
        #expect(clock.duration(by: .time) == .zero)
        for (bytes, second) in [(0, 1), (100, 2), (200, 3), (250, 7), (250, 9)] as [(UInt64, UInt64)] {
            clock.advance(to: bytes, at: Instant(nanoseconds: second * 1_000_000_000))
        }
        #expect(clock.duration(by: .time) == .seconds(5))
    }

    @Test func theProviderSaysWhatMeasures() {
        let pcm = AudioFormat()
        let opus = AudioFormat(encodings: ["opus"])
        #expect(Provider.assemblyAI.measure(of: pcm) == .bytes(perSecond: 32_000))
        #expect(Provider.assemblyAI.measure(of: opus) == .time)
        let house = Provider.generic(onClientLoss: nil, audioBytesPerSecond: 4000)
        #expect(house.measure(of: pcm) == .bytes(perSecond: 4000))
        #expect(house.measure(of: opus) == .bytes(perSecond: 4000))
        #expect(Provider.generic(onClientLoss: nil).measure(of: pcm) == nil)
    }

    // MARK: In a session

    @Test func onlyTheClientsBinaryMessagesAreAudio() {
        let play = Playbook.relaying()
        play.arrives(Client.text(#"{"type":"KeepAlive"}"#) + Client.ping("x"), from: .client)
        play.arrives(Client.text(String(repeating: "x", count: 9000)), from: .client)
        play.arrives(Upstream.frame(.binary, Client.sound(3200)) + Upstream.turn, from: .upstream)
        #expect(play.audio == .zero)
        play.arrives(Client.audio(3200), from: .client)
        #expect(play.audio == .milliseconds(100))
        play.arrives(Client.text("x", fin: false) + Client.more([1, 2], fin: true), from: .client)
        #expect(play.audio == .milliseconds(100))
        play.arrives(
            Client.audio(1600, fin: false) + Client.ping("x") + Client.more(Client.sound(1600), fin: true),
            from: .client)
        #expect(play.audio == .milliseconds(200))
    }

    @Test func audioIsKnownWhileTheSessionRunsAndAtItsEnd() throws {
        let play = Playbook.dialing()
        play.arrives(Client.audio(3200), from: .client)
        #expect(play.audio == nil)  // No zone has heard it.
        play.happens(.dialed(.somewhere))
        #expect(play.audio == .milliseconds(100))
        play.arrives(Upstream.begin, from: .upstream)
        play.arrives(Client.audio(1600) + Client.terminate, from: .client)
        play.arrives(Upstream.termination + Upstream.close(1000), from: .upstream)
        play.arrives(Client.close(1000), from: .client)
        #expect(try #require(play.summary).audio == .milliseconds(150))
    }

    @Test func aSessionThatReachedNoZoneHasNone() throws {
        let play = Playbook.dialing()
        play.arrives(Client.audio(3200), from: .client)
        play.happens(.legEnded(.client))
        #expect(try #require(play.summary).audio == nil)
    }

    @Test func whatComesAfterTheSessionsEndIsHeardByNobody() throws {
        let play = Playbook.relaying()
        play.arrives(Client.audio(3200), from: .client)
        play.happens(.drain)
        play.arrives(Client.audio(3200), from: .client)
        #expect(play.audio == .milliseconds(100))
    }

    @Test func compressedAudioIsMeasuredByTheClock() {
        let play = Playbook.relaying(audio: AudioFormat(encodings: ["opus"]))
        for _ in 0..<50 {
            play.arrives(Client.audio(80), from: .client)
            play.wait(.milliseconds(20))
        }
        // One packet short of a second: nobody knows how long the last one lasts.
        #expect(play.audio == .milliseconds(980))
    }

    @Test func anotherProviderIsMeasuredByItsZonesRateOrNotAtAll() {
        for (rate, audio) in [(4000, .milliseconds(250)), (nil, nil)] as [(UInt64?, Duration?)] {
            let provider = Provider.generic(onClientLoss: nil, audioBytesPerSecond: rate)
            let play = Playbook.relaying(SessionSettings(defaultProvider: provider))
            play.arrives(Client.audio(1000), from: .client)
            #expect(play.audio == audio)
        }
    }

    @Test func anySplitOfTheSameBytesMeasuresTheSame() {
        for seed in UInt64(3000)..<3060 {
            var chance = Seeded(state: seed)
            let stream = RandomStream(of: .client, using: &chance)
            let whole = Playbook.relaying()
            whole.arrives(stream.bytes, from: .client)
            for _ in 0..<4 {
                let play = Playbook.relaying()
                for piece in stream.bytes.cut(using: &chance) { play.arrives(piece, from: .client) }
                #expect(play.audio == whole.audio, "seed \(seed)")
            }
        }
    }

    /// However a client divides its audio into messages and frames, it lasts as long.
    @Test func anyDivisionOfTheSameAudioIntoFramesMeasuresTheSame() {
        for seed in UInt64(4000)..<4060 {
            var chance = Seeded(state: seed)
            let sound = Client.sound(Int.random(in: 0...100_000, using: &chance))
            let play = Playbook.relaying()
            var isFirst = true
            var left = sound[...]
            while !left.isEmpty {
                let piece = Array(left.prefix(Int.random(in: 1...20_000, using: &chance)))
                left = left.dropFirst(piece.count)
                let ends = left.isEmpty || Bool.random(using: &chance)
                let frame = isFirst ? Client.frame(.binary, piece, fin: ends) : Client.more(piece, fin: ends)
                play.arrives(frame, from: .client)
                isFirst = ends
            }
            #expect(play.audio == .nanoseconds(sound.count * 31_250), "seed \(seed)")
        }
    }
}
