import Configuration
import HTTP
import RelayTestKit
import StandIn
import Testing
import WebSocket

/// What arrives is what was sent: every payload, every message's boundaries and fragments, every byte of the query.
@Suite("03 Bytes", .overEachHTTP) struct Bytes {
    @Test(arguments: [ZoneSettings.Provider.generic, .assemblyai], [1, 2] as [UInt64])
    func everyFramePassesAsItIsBothWays(provider: ZoneSettings.Provider, seed: UInt64) throws {
        let harbour = try RelayHarbour { $0.useEcho(as: provider) }
        let client = harbour.client()
        try client.opened()
        var frames = RandomFrames(seed: seed)
        for _ in 0..<2000 {
            let frame = frames.next()
            client.send(frame.opcode, fin: frame.fin, frame.payload)
            if frames.chance(20) { client.ping([1, 2, 3]) }
        }
        let ending = frames.ending()
        for frame in ending { client.send(frame.opcode, fin: frame.fin, frame.payload) }
        try harbour.expectEcho(to: client, frames: 2000 + ending.count, seed: seed)
    }

    @Test(arguments: [ZoneSettings.Provider.generic, .assemblyai], [3, 4, 5, 6] as [UInt64])
    func howTheBytesAreCutMakesNoDifference(provider: ZoneSettings.Provider, seed: UInt64) throws {
        let harbour = try RelayHarbour { $0.useEcho(as: provider) }
        let client = seed.isMultiple(of: 2) ? try harbour.secureWire() : try harbour.wire()
        client.request(key: harbour.key(of: "acme"))
        _ = try client.readHead()
        var frames = RandomFrames(seed: seed, largest: 700)
        var expected = Traffic()
        var bytes: [UInt8] = []
        for frame in (0..<150).map({ _ in frames.next() }) + frames.ending() {
            expected.count(frame.opcode, fin: frame.fin, payload: frame.payload)
            bytes += FrameSerializer.frame(
                opcode: frame.opcode, payload: frame.payload, mask: frames.mask(), fin: frame.fin)
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(frames.chance(3) ? 1 : frames.size(300) + 1)
            client.send(Array(piece))
            rest = rest.dropFirst(piece.count)
        }
        var received = Traffic()
        while received.frames < expected.frames {
            let frame = try client.readFrame()
            let opcode = try #require(frame.opcode)
            #expect(!frame.isMasked && frame.first & 0x70 == 0)
            received.count(opcode, fin: frame.first & 0x80 != 0, payload: frame.payload)
        }
        #expect(received == expected, "seed \(seed)")
        #expect(try harbour.session { $0.received.frames == expected.frames }.received == expected, "seed \(seed)")
    }

    @Test(arguments: [0, 1, 125, 126, 127, 511, 512, 513, 4095, 4096, 4097, 65_535, 65_536, 100_000])
    func textsAroundEveryLimitPass(size: Int) throws {
        let harbour = try RelayHarbour { $0.useEcho(as: .assemblyai) }
        let client = harbour.client()
        try client.opened()
        // One whole, one in two fragments, one that begins like a message of the provider's.
        let text = [UInt8](repeating: UInt8(ascii: "t"), count: size)
        client.send(.text, text)
        client.send(.text, fragments: [Array(text.prefix(size / 3)), Array(text.dropFirst(size / 3))])
        client.send(.text, Array(#"{"type":"Turn","x":""#.utf8) + text + Array(#""}"#.utf8))
        try harbour.expectEcho(to: client, frames: 4)
    }

    @Test func aMessageLargerThanAnyBufferPasses() throws {
        let harbour = try RelayHarbour { $0.useEcho() }
        let client = harbour.client()
        var frames = RandomFrames(seed: 9)
        client.send(binary: frames.bytes(1 << 20))
        client.send(binary: frames.bytes((1 << 20) - 1))
        try client.opened()
        try harbour.expectEcho(to: client, frames: 2)
    }

    @Test(arguments: [
        ("", ""), ("?", "?"), ("?sample_rate=16000&word=a+b", "?sample_rate=16000&word=a+b"),
        ("?x=%c3%A4%20%2B%2b%00", "?x=%c3%A4%20%2B%2b%00"), ("?&&a=&=b&&", "?&&a=&=b&&"),
        ("?a=1&a=2&a=1", "?a=1&a=2&a=1"), (#"?keyterms_prompt=["a","b^{|}`\"]"#, #"?keyterms_prompt=["a","b^{|}`\"]"#),
        ("?x=?/:@!$'()*,;~", "?x=?/:@!$'()*,;~"), ("?tokens=1&Token=2&zones=3&token2=4&xtoken=5", nil),
        ("?token=abc", ""), ("?token=abc&a=1", "?a=1"), ("?a=1&token=abc", "?a=1"),
        ("?a=1&token=abc&b=2", "?a=1&b=2"), ("?tok%65n=abc&a=1&%74oken", "?a=1"), ("?zone=eu", ""),
        ("?zone=eu&a&token&zon%65=eu", "?a"), ("?&token=abc&", "?&"), ("?a=1;token=abc", "?a=1;token=abc"),
        ("?token=a&token=b&zone=eu&z=1&token=", "?z=1"),
    ])
    func theQueryArrivesByteForByteButForTheRelaysOwn(sent: String, expected: String?) throws {
        let harbour = try RelayHarbour { $0.useEcho() }
        let client = try harbour.wire()
        client.request("/v3/ws" + sent, key: harbour.key(of: "acme"))
        _ = try client.readHead()
        #expect(try harbour.session { _ in true }.request.target == "/v3/ws" + (expected ?? sent))
    }

    @Test(arguments: [8, 12, 14])
    func aQueryMayBeLong(kibibytes: Int) throws {
        let harbour = try RelayHarbour { $0.useEcho() }
        var frames = RandomFrames(seed: UInt64(kibibytes))
        var query = "?sample_rate=16000"
        while query.utf8.count < kibibytes << 10 { query += "&keyterms_prompt=%\(frames.hexByte())+\(frames.size(9))" }
        let client = harbour.client("acme", "/v3/ws" + query + "&token=secret")
        try client.opened()
        #expect(try harbour.session { _ in true }.request.target == "/v3/ws" + query)
    }
}

extension RelayHarbour {
    /// Waits until so many frames have come back, and expects them and those that went upstream to be those sent.
    func expectEcho(to client: StandInClient, frames: Int, seed: UInt64 = 0) throws {
        let inbox = try #require(
            client.inbox.wait(upTo: Self.patience) { $0.received.frames >= frames ? $0 : nil })
        let session = try session { $0.sent.frames >= frames }
        for traffic in [session.received, session.sent, inbox.received] {
            #expect(traffic.digest == inbox.sent.digest && traffic.bytes == inbox.sent.bytes, "seed \(seed)")
            #expect(traffic.textMessages == inbox.sent.textMessages, "seed \(seed)")
            #expect(traffic.binaryMessages == inbox.sent.binaryMessages, "seed \(seed)")
        }
        // Pings are the relay's to answer, and of several only the last must be (RFC 6455 §5.5.3).
        #expect(session.received.pings == 0 && inbox.received.pongs <= inbox.sent.pings, "seed \(seed)")
        #expect(inbox.received.pongs > 0 || inbox.sent.pings == 0, "seed \(seed)")
    }
}

/// Frames of every size, whole and in fragments, text and binary; the same for the same seed.
struct RandomFrames {
    var generator: SeededGenerator
    /// Payloads are smaller, but for a few.
    let largest: Int
    /// The message that waits for its next fragment.
    private var isInside = false
    private var isText = false

    init(seed: UInt64, largest: Int = 130_000) {
        generator = SeededGenerator(seed: seed)
        self.largest = largest
    }

    struct Frame {
        let opcode: Opcode
        let fin: Bool
        let payload: [UInt8]
    }

    mutating func next() -> Frame { frame(fin: !chance(4)) }

    /// What ends the open message, and then the largest there are.
    mutating func ending() -> [Frame] { (isInside ? [frame(fin: true)] : []) + [frame(fin: true)] }

    private mutating func frame(fin: Bool) -> Frame {
        let opcode: Opcode
        if isInside {
            opcode = .continuation
        } else {
            isText = chance(3)
            opcode = isText ? .text : .binary
        }
        isInside = !fin
        let count = length()
        return Frame(opcode: opcode, fin: fin, payload: isText ? letters(count) : bytes(count))
    }

    private mutating func length() -> Int {
        switch size(100) {
        case 0: size(largest)
        case 1...5: min(largest, [125, 126, 127, 511, 512, 513, 65_535, 65_536][size(8)])
        case 6...20: min(largest, size(4000))
        case 21...30: 0
        default: size(130)
        }
    }

    mutating func size(_ end: Int) -> Int { Int.random(in: 0..<end, using: &generator) }

    mutating func chance(_ oneIn: Int) -> Bool { size(oneIn) == 0 }

    mutating func mask() -> UInt32 { UInt32.random(in: 0...UInt32.max, using: &generator) }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count { withUnsafeBytes(of: generator.next()) { bytes += $0 } }
        return Array(bytes.prefix(count))
    }

    mutating func letters(_ count: Int) -> [UInt8] { bytes(count).map { UInt8(ascii: "a") + $0 % 26 } }

    /// Two hexadecimal digits.
    mutating func hexByte() -> String { String(size(240) + 16, radix: 16, uppercase: chance(2)) }
}
