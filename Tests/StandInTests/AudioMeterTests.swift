import RelayTestKit
import Testing

@testable import StandIn

@Suite struct AudioMeterTests {
    @Test(arguments: [
        (AudioEncoding.pcmS16LE, 16_000, 1600, 0.05),
        (.pcmS16LE, 48_000, 9600, 0.1),
        (.pcmMulaw, 8_000, 8000, 1.0),
        (.pcmS16LE, 16_000, 3, 3.0 / 32_000),
    ])
    func pcmLastsAsLongAsItHasSamples(_ encoding: AudioEncoding, _ rate: Int, _ bytes: Int, _ seconds: Double) {
        var meter = AudioMeter(encoding: encoding, sampleRate: rate)
        meter.count([UInt8](repeating: 0, count: bytes))
        #expect(meter.seconds == seconds)
    }

    /// RFC 6716 §3.1, table 2, and §3.2.
    @Test(
        arguments: [
            ([0x00], 480), ([0x08], 960), ([0x10], 1920), ([0x18], 2880),  // SILK
            ([0x60], 480), ([0x68], 960), ([0x78], 960),  // hybrid
            ([0x80], 120), ([0x88], 240), ([0x90], 480), ([0xF8], 960),  // CELT
            ([0xF9], 1920), ([0xFA], 1920), ([0xFB, 0x03], 2880), ([0xFB, 0xC6], 5760), ([0xFB], 0),  // frame counts
            ([], 0),
        ] as [([UInt8], Int)])
    func anOpusPacketSaysHowLongItLasts(_ packet: [UInt8], _ ticks: Int) {
        #expect(Opus.ticks(of: packet) == ticks)
        var meter = AudioMeter(encoding: .opus, sampleRate: 16_000)
        meter.count(packet)
        meter.count(packet)
        #expect(meter.seconds == Double(2 * ticks) / 48_000)
    }

    @Test func oggOpusLastsUntilItsLastGranulePosition() {
        let stream =
            Self.page(granule: 0, body: Array("OpusHead".utf8) + [1, 1, 0x38, 0x01, 0, 0, 0, 0, 0, 0, 0])
            + Self.page(granule: 0, body: Array("OpusTags".utf8))
            + Self.page(granule: 48_312, body: [UInt8](repeating: 7, count: 600))
            + Self.page(granule: UInt64.max, body: [UInt8](repeating: 8, count: 255))
            + Self.page(granule: 96_312, body: [UInt8](repeating: 9, count: 300))
        expectSeconds(2, of: stream, encoding: .oggOpus)
        expectSeconds(2, of: [1, 2, 3, 0x4F, 0x67] + stream, encoding: .oggOpus)
    }

    @Test func adtsLastsAsLongAsItsFrames() {
        let frame = Self.adtsFrame(rateIndex: 8, blocks: 1, bytes: 100)
        let double = Self.adtsFrame(rateIndex: 8, blocks: 2, bytes: 200)
        let stream = (0..<10).flatMap { _ in frame } + double
        expectSeconds(12 * 1024 / 16_000, of: stream, encoding: .aac)
        expectSeconds(12 * 1024 / 16_000, of: [0, 0xFF, 0x00] + stream, encoding: .aac)
    }

    @Test(arguments: AudioEncoding.allCases)
    func noBytesAreFatal(_ encoding: AudioEncoding) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        var meter = AudioMeter(encoding: encoding, sampleRate: 16_000)
        for _ in 0..<2000 {
            let starts: [[UInt8]] = [[], Array("OggS".utf8), [0xFF, 0xF1]]
            let start = starts.randomElement(using: &random) ?? []
            let length = Int.random(in: 0...60, using: &random)
            meter.count(start + (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) })
        }
        #expect(meter.seconds >= 0 && meter.seconds.isFinite, "seed \(seed)")
    }

    private func expectSeconds(_ seconds: Double, of stream: [UInt8], encoding: AudioEncoding) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        for longest in [1, 7, 100, stream.count] {
            var meter = AudioMeter(encoding: encoding, sampleRate: 16_000)
            for piece in stream.split(longest: longest, using: &random) { meter.count(piece) }
            #expect(abs(meter.seconds - seconds) < 1e-9, "pieces up to \(longest), seed \(seed)")
        }
    }

    private static func page(granule: UInt64, body: [UInt8]) -> [UInt8] {
        let lacing = [UInt8](repeating: 255, count: body.count / 255) + [UInt8(body.count % 255)]
        let position = (0..<8).map { UInt8(truncatingIfNeeded: granule >> UInt64(8 * $0)) }
        return Array("OggS".utf8) + [0, 0] + position + [UInt8](repeating: 0, count: 12) + [UInt8(lacing.count)]
            + lacing + body
    }

    private static func adtsFrame(rateIndex: UInt8, blocks: UInt8, bytes: Int) -> [UInt8] {
        let header: [UInt8] = [
            0xFF, 0xF1, 0x40 | rateIndex << 2, UInt8(0x40 | bytes >> 11), UInt8(bytes >> 3 & 0xFF),
            UInt8(bytes & 7) << 5 | 0x1F, 0xFC | (blocks - 1),
        ]
        return header + [UInt8](repeating: 0x55, count: bytes - header.count)
    }
}
