import Configuration
import Reactor
import StandIn
import Testing
import Timing
import WebSocket

/// The relay measures audio without reading it, and comes to what the provider counts.
@Suite("23 Audio", .overEachHTTP) struct Audio {
    /// Milliseconds that one message of samples lasts.
    private static let chunk = 100
    private static let chunks = 20

    @Test(
        arguments: [AudioEncoding.pcmS16LE, .pcmMulaw],
        [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000])
    func samplesAreMeasuredByTheirBytes(encoding: AudioEncoding, rate: Int) throws {
        let harbour = try RelayHarbour()
        let client = harbour.client("acme", "/v3/ws?encoding=\(encoding.rawValue)&sample_rate=\(rate)")
        let bytes = rate * (encoding.bytesPerSample ?? 0) * Self.chunk / 1000
        try client.begun()
        for _ in 0..<Self.chunks { client.send(binary: [UInt8](repeating: 1, count: bytes)) }
        client.send(text: #"{"type":"Terminate"}"#)
        let told = try client.toTheEnd().messages.last { $0["type"] == "Termination" }
        #expect(try abs(measured(harbour) - heard(harbour)) <= 1)
        #expect(try told?["audio_duration_seconds"]?.integer == Int64(heard(harbour) / 1000))
    }

    @Test(arguments: [AudioEncoding.opus, .oggOpus, .aac])
    func compressedAudioIsMeasuredByTheClockWithinOneMessage(encoding: AudioEncoding) throws {
        let harbour = try RelayHarbour()
        let client = harbour.client("acme", "/v3/ws?encoding=\(encoding.rawValue)")
        try client.begun()
        let start = MonotonicClock.now()
        client.send(binary: Compressed.message(0, encoding))
        try harbour.waitForMessages(1)
        try speak(1..<Self.chunks, encoding, over: client)
        try harbour.waitForMessages(Self.chunks)
        let elapsed = MonotonicClock.now().duration(since: start)
        client.send(text: #"{"type":"Terminate"}"#)
        let told = try client.toTheEnd().messages.last { $0["type"] == "Termination" }
        let (measured, heard) = (try measured(harbour), try heard(harbour))
        #expect(heard == Compressed.chunk(encoding) * Self.chunks)
        #expect(told?["audio_duration_seconds"]?.integer == Int64(heard / 1000))
        #expect(measured >= heard - Compressed.chunk(encoding))
        #expect(.milliseconds(measured) <= elapsed)
    }

    @Test func anotherProvidersAudioIsMeasuredByItsZonesRate() throws {
        let harbour = try RelayHarbour { plan in
            plan.useEcho()
            plan.adjustZone = { zone, _ in
                zone.provider = .generic
                zone.audioBytesPerSecond = zone.zone == .eu ? 4_000 : nil
            }
        }
        for (tenant, audio) in [("acme", 250), ("globex", nil)] as [(String, Int64?)] {
            let client = harbour.client(tenant, "/v3/ws?encoding=opus")
            try client.opened()
            client.send(binary: [UInt8](repeating: 1, count: 1000))
            #expect(try client.event() == .binary([UInt8](repeating: 1, count: 1000)))
            client.close(.normal)
            let line = try harbour.log.line("session-ended") { $0["tenant"]?.string == tenant }
            #expect(line["audio_milliseconds"]?.integer == audio)
        }
    }

    /// Sends messages as fast as they are spoken.
    private func speak(_ numbers: Range<Int>, _ encoding: AudioEncoding, over client: StandInClient) throws {
        var due = MonotonicClock.now()
        for number in numbers {
            due = due + .milliseconds(Compressed.chunk(encoding))
            while MonotonicClock.now() < due { _ = client.next(within: due.duration(since: MonotonicClock.now())) }
            client.send(binary: Compressed.message(number, encoding))
        }
    }

    /// Milliseconds, in the relay's log.
    private func measured(_ harbour: RelayHarbour) throws -> Int {
        Int(try #require(harbour.log.line("session-ended")["audio_milliseconds"]?.integer))
    }

    /// Milliseconds, by the provider's count.
    private func heard(_ harbour: RelayHarbour) throws -> Int {
        Int((try harbour.session().audioSeconds * 1000).rounded())
    }
}

/// Messages of compressed audio, as far as a provider must read them to know how long they last.
enum Compressed {
    /// Milliseconds that a message lasts.
    static func chunk(_ encoding: AudioEncoding) -> Int { encoding == .aac ? 128 : 100 }

    static func message(_ number: Int, _ encoding: AudioEncoding) -> [UInt8] {
        switch encoding {
        case .opus: opusPacket
        case .oggOpus: oggPage(number)
        default: adtsFrame
        }
    }

    /// RFC 6716 §3.2.5: five frames of 20 ms.
    private static let opusPacket: [UInt8] = [0xFB, 5, 1, 2, 3]

    /// RFC 3533 §6: a page with one packet, whose granule position is the time at its end.
    private static func oggPage(_ number: Int) -> [UInt8] {
        let granule = UInt64(number + 1) * 4_800
        let position = (0..<8).map { UInt8(truncatingIfNeeded: granule >> UInt64(8 * $0)) }
        return Array("OggS".utf8) + [0, 0] + position + [UInt8](repeating: 0, count: 12) + [1, 5] + opusPacket
    }

    /// ISO/IEC 13818-7 §6.2: two blocks of 1024 samples at 16 kHz, in 16 bytes.
    private static let adtsFrame: [UInt8] =
        [0xFF, 0xF1, 0x60, 0x40, 0x02, 0x1F, 0xFD] + [UInt8](repeating: 0x55, count: 9)
}

extension RelayHarbour {
    /// Waits until the provider has had so many binary messages.
    func waitForMessages(_ count: Int) throws {
        _ = try wait { $0.sessions.first?.received.binaryMessages == count ? true : nil }
    }
}
