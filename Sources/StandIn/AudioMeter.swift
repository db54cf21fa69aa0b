/// Counts seconds of audio as they arrive (provider contract §6), whatever the cut into messages.
package struct AudioMeter {
    private var counter: any AudioCounter

    /// A meter at zero. `sampleRate` is in hertz and matters to PCM only.
    package init(encoding: AudioEncoding, sampleRate: Int) {
        counter =
            switch encoding {
            case .pcmS16LE, .pcmMulaw: SampleCounter(bytesPerSecond: (encoding.bytesPerSample ?? 1) * sampleRate)
            case .opus: OpusCounter()
            case .oggOpus: OggCounter()
            case .aac: ADTSCounter()
            }
    }

    /// Seconds of audio counted so far.
    package var seconds: Double { counter.seconds }

    /// Counts one message.
    package mutating func count(_ message: [UInt8]) { counter.count(message) }
}

private protocol AudioCounter {
    var seconds: Double { get }
    mutating func count(_ message: [UInt8])
}

/// PCM: every sample has the same number of bytes.
private struct SampleCounter: AudioCounter {
    let bytesPerSecond: Int
    var bytes = 0

    var seconds: Double { Double(bytes) / Double(max(bytesPerSecond, 1)) }

    mutating func count(_ message: [UInt8]) { bytes += message.count }
}

/// Raw Opus: the packet's first bytes say how long it lasts.
private struct OpusCounter: AudioCounter {
    var ticks = 0

    var seconds: Double { Double(ticks) / Double(Opus.clock) }

    mutating func count(_ packet: [UInt8]) { ticks += Opus.ticks(of: packet) }
}

/// The durations of Opus packets.
enum Opus {
    /// Opus counts time in ticks of 48 kHz, whatever the audio's own rate (RFC 7845 §4).
    static let clock = 48_000

    /// How long a packet lasts, from its table-of-contents byte (RFC 6716 §3.1 and §3.2); 0 for an empty packet.
    static func ticks(of packet: [UInt8]) -> Int {
        guard let contents = packet.first else { return 0 }
        return frameTicks(contents) * frameCount(contents, packet)
    }

    private static func frameTicks(_ contents: UInt8) -> Int {
        let size = Int(contents >> 3 & 3)
        return switch contents >> 3 {
        case 0..<12: [480, 960, 1920, 2880][size]  // SILK: 10, 20, 40, 60 ms
        case 12..<16: [480, 960][size & 1]  // hybrid: 10, 20 ms
        default: [120, 240, 480, 960][size]  // CELT: 2.5, 5, 10, 20 ms
        }
    }

    private static func frameCount(_ contents: UInt8, _ packet: [UInt8]) -> Int {
        switch contents & 3 {
        case 0: 1
        case 1, 2: 2
        default: packet.count > 1 ? Int(packet[1] & 63) : 0
        }
    }
}

/// Ogg Opus: a page's granule position is the time at its end (RFC 3533 §6, RFC 7845 §4).
///
/// ```
///  0      4     5     6          14       18        22    26            27
///  "OggS" | ver | type | granule | serial | page no | crc | n segments | n lengths | body
/// ```
private struct OggCounter: AudioCounter {
    static let headerCount = 27
    static let granuleOffset = 6
    static let segmentCountOffset = 26

    var preSkip: UInt64 = 0
    var granule: UInt64 = 0
    var stream = PendingBytes()

    var seconds: Double { granule > preSkip ? Double(granule - preSkip) / Double(Opus.clock) : 0 }

    mutating func count(_ message: [UInt8]) {
        stream.append(message)
        while let page = nextPage() { read(page) }
    }

    /// The next whole page; bytes before a capture pattern are passed over.
    private mutating func nextPage() -> ArraySlice<UInt8>? {
        while stream.count >= Self.headerCount {
            guard stream.starts(with: [0x4F, 0x67, 0x67, 0x53]) else {
                stream.drop(1)
                continue
            }
            let segments = Int(stream[Self.segmentCountOffset])
            guard stream.count >= Self.headerCount + segments else { return nil }
            let body = (0..<segments).reduce(0) { $0 + Int(stream[Self.headerCount + $1]) }
            return stream.take(Self.headerCount + segments + body)
        }
        return nil
    }

    private mutating func read(_ page: ArraySlice<UInt8>) {
        let segments = Int(page[page.startIndex + Self.segmentCountOffset])
        let body = page.dropFirst(Self.headerCount + segments)
        // RFC 7845 §5.1: the first packet starts with "OpusHead"; its pre-skip is at offset 10.
        if body.starts(with: "OpusHead".utf8), body.count >= 12 {
            preSkip = littleEndian(body.dropFirst(10).prefix(2))
            return
        }
        let position = littleEndian(page.dropFirst(Self.granuleOffset).prefix(8))
        // RFC 3533 §6: all ones says that no packet ends on this page.
        if position != .max, position <= UInt64(Int64.max) { granule = max(granule, position) }
    }

    private func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// AAC in ADTS (ISO/IEC 13818-7 §6.2): each header says how long its frame is, in bytes and in blocks of 1024 samples.
private struct ADTSCounter: AudioCounter {
    static let headerCount = 7
    static let samplesPerBlock = 1024
    static let rates = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350]

    var seconds = 0.0
    var stream = PendingBytes()

    mutating func count(_ message: [UInt8]) {
        stream.append(message)
        while stream.count >= Self.headerCount {
            guard let frame = frameAtStart() else {
                stream.drop(1)
                continue
            }
            guard stream.take(frame.bytes) != nil else { return }
            seconds += Double(frame.samples) / Double(frame.rate)
        }
    }

    private func frameAtStart() -> (bytes: Int, samples: Int, rate: Int)? {
        let isSynchronised = stream[0] == 0xFF && stream[1] & 0xF6 == 0xF0
        let rateIndex = Int(stream[2] >> 2 & 15)
        let bytes = Int(stream[3] & 3) << 11 | Int(stream[4]) << 3 | Int(stream[5] >> 5)
        guard isSynchronised, rateIndex < Self.rates.count, bytes >= Self.headerCount else { return nil }
        return (bytes, (Int(stream[6] & 3) + 1) * Self.samplesPerBlock, Self.rates[rateIndex])
    }
}

/// Bytes of a stream that wait for the rest of their unit.
private struct PendingBytes {
    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { bytes.count - start }

    subscript(_ offset: Int) -> UInt8 { bytes[start + offset] }

    func starts(with prefix: [UInt8]) -> Bool { bytes[start...].starts(with: prefix) }

    mutating func append(_ more: [UInt8]) {
        bytes.removeFirst(start)
        start = 0
        bytes += more
    }

    mutating func drop(_ count: Int) { start += min(count, self.count) }

    /// Takes `count` bytes, or none when there are fewer.
    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard self.count >= count else { return nil }
        defer { start += count }
        return bytes[start..<start + count]
    }
}
