import RelayCore
import Testing
import WebSocket

/// However the bytes of a leg are divided into reads, the same passes and the same is done.
@Suite struct SplitTests {
    @Test(arguments: [Leg.client, .upstream])
    func anySplitOfTheSameBytesGivesTheSame(sender: Leg) {
        for seed in UInt64(0)..<60 {
            var chance = Seeded(state: seed)
            let stream = RandomStream(of: sender, using: &chance)
            let whole = Playbook.relaying()
            let effects = whole.arrives(stream.bytes, from: sender)
            let passed =
                sender == .client ? whole.toUpstream.bytes : Array(whole.toClient.bytes.dropFirst(Upstream.begin.count))
            #expect(passed == stream.data, "seed \(seed)")
            #expect(whole.faults == [], "seed \(seed)")

            let size = stream.bytes.count < 3000 ? 1 : Int.random(in: 100...5000, using: &chance)
            #expect(
                Playbook.relaying().arrives(stream.bytes, from: sender, inPiecesOf: size) == effects, "seed \(seed)")
            for _ in 0..<4 {
                let play = Playbook.relaying()
                var all: [Effect] = []
                for piece in stream.bytes.cut(using: &chance) { all.join(play.arrives(piece, from: sender)) }
                #expect(all == effects, "seed \(seed)")
            }
        }
    }

    @Test func bothDirectionsAtOnceDisturbEachOtherNowhere() {
        for seed in UInt64(1000)..<1040 {
            var chance = Seeded(state: seed)
            let up = RandomStream(of: .client, using: &chance)
            let down = RandomStream(of: .upstream, using: &chance)
            let play = Playbook.relaying()
            var ups = up.bytes.cut(using: &chance)[...]
            var downs = down.bytes.cut(using: &chance)[...]
            while !(ups.isEmpty && downs.isEmpty) {
                if downs.isEmpty || !ups.isEmpty && Bool.random(using: &chance) {
                    play.arrives(ups.removeFirst(), from: .client)
                } else {
                    play.arrives(downs.removeFirst(), from: .upstream)
                }
            }
            #expect(play.faults == [], "seed \(seed)")
            #expect(play.toUpstream.data == RandomStream.frames(of: up.data, masked: true), "seed \(seed)")
            #expect(
                play.toClient.data == RandomStream.frames(of: Upstream.begin + down.data, masked: false), "seed \(seed)"
            )
            // RFC 6455 §5.5.3: of the pings that wait for a boundary, only the last need be answered.
            #expect(play.toUpstream.pongs.last == down.pings.last, "seed \(seed)")
            #expect(play.toUpstream.pongs.count <= down.pings.count, "seed \(seed)")
            #expect(play.toClient.pongs.last == up.pings.last, "seed \(seed)")
            #expect(play.toClient.pongs.count <= up.pings.count, "seed \(seed)")
        }
    }

    @Test func whereverTheClientIsLostTheProviderHearsTerminateOnceAndWhole() {
        for seed in UInt64(2000)..<2040 {
            var chance = Seeded(state: seed)
            let stream = RandomStream(of: .client, using: &chance, sizes: [0, 1, 5, 125, 126, 127, 300]).bytes
            let ends =
                stream.count < 400
                ? Array(0...stream.count) : (0..<60).map { _ in Int.random(in: 0...stream.count, using: &chance) }
            for end in ends {
                let play = Playbook.relaying()
                play.arrives(
                    Array(stream.prefix(end)), from: .client, inPiecesOf: Int.random(in: 1...400, using: &chance))
                play.happens(.legEnded(.client))
                #expect(!play.toUpstream.isInsideMessage, "seed \(seed), cut at \(end)")
                play.arrives(Upstream.turn + Upstream.termination, from: .upstream)
                play.arrives(Upstream.close(1000), from: .upstream)
                #expect(play.faults == [], "seed \(seed), cut at \(end)")
                #expect(play.summary?.ending == .lost(.client), "seed \(seed), cut at \(end)")
                let last = play.toUpstream.frames.suffix(2)
                #expect(last.map(\.opcode) == [.text, .close], "seed \(seed), cut at \(end)")
                #expect(
                    play.toUpstream.texts.filter { $0 == #"{"type":"Terminate"}"# }.count == 1,
                    "seed \(seed), cut at \(end)")
                #expect(play.toUpstream.texts.last == #"{"type":"Terminate"}"#, "seed \(seed), cut at \(end)")
            }
        }
    }
}

// MARK: Random frames

/// Frames of one sender: whole messages, some in fragments, with control frames in between.
struct RandomStream {
    private(set) var bytes: [UInt8] = []
    /// The data frames alone.
    private(set) var data: [UInt8] = []
    /// The payloads of the pings.
    private(set) var pings: [[UInt8]] = []

    private let sender: Leg

    init(
        of sender: Leg, using chance: inout Seeded,
        sizes: [Int] = [0, 0, 1, 2, 5, 17, 100, 124, 125, 126, 127, 500, 511, 512, 513, 4096, 65_535, 65_536]
    ) {
        self.sender = sender
        for _ in 0..<Int.random(in: 1...10, using: &chance) {
            addControlFrames(using: &chance)
            if Bool.random(using: &chance) {
                addMessage(.text, Array((Self.texts[sender] ?? []).randomElement(using: &chance)!.utf8), using: &chance)
            } else {
                let opcode: Opcode = Int.random(in: 0..<3, using: &chance) == 0 ? .text : .binary
                addMessage(opcode, Client.sound(sizes.randomElement(using: &chance)!), using: &chance)
            }
        }
        addControlFrames(using: &chance)
    }

    /// Texts that are and that are not the provider's; none that ends a session by itself.
    private static let texts: [Leg: [String]] = [
        .client: [
            #"{"type":"KeepAlive"}"#, #"{"type": "ForceEndpoint"}"#, "", "{", "[]", #"{"type":"Begin"}"#,
            #"{"min_turn_silence":200,"type":"UpdateConfiguration"}"#, #"{"type":"Terminated"}"#,
        ],
        .upstream: [
            #"{"type":"Begin"}"#, #"{"type":"Turn","transcript":"x"}"#,
            #"{"type":"Error","error_code":3006,"error":"x"}"#,
            #"{"error":"x"}"#, #"{"type":"Termination","session_duration_seconds":3}"#, "", "{", "[]",
            #"{"type":"Terminate"}"#, #"{"type":"Error","error_code":1008}"#,
        ],
    ]

    private mutating func addMessage(_ opcode: Opcode, _ payload: [UInt8], using chance: inout Seeded) {
        var left = payload[...]
        var opcode = opcode
        while Int.random(in: 0..<3, using: &chance) == 0 {
            let piece = Array(left.prefix(Int.random(in: 0...left.count, using: &chance)))
            left = left.dropFirst(piece.count)
            add(opcode, piece, fin: false, using: &chance)
            addControlFrames(using: &chance)
            opcode = .continuation
        }
        add(opcode, Array(left), fin: true, using: &chance)
    }

    private mutating func addControlFrames(using chance: inout Seeded) {
        while Int.random(in: 0..<4, using: &chance) == 0 {
            let isPing = Bool.random(using: &chance)
            let payload = Client.sound(Int.random(in: 0...125, using: &chance))
            if isPing { pings.append(payload) }
            add(isPing ? .ping : .pong, payload, fin: true, using: &chance)
        }
    }

    private mutating func add(_ opcode: Opcode, _ payload: [UInt8], fin: Bool, using chance: inout Seeded) {
        let key: UInt32? = sender == .client ? .random(in: 0 ... .max, using: &chance) : nil
        let frame = FrameSerializer.frame(opcode: opcode, payload: payload, mask: key, fin: fin)
        bytes += frame
        if !opcode.isControl { data += frame }
    }

    /// The frames in bytes that hold nothing else.
    static func frames(of bytes: [UInt8], masked: Bool) -> [Wire.Frame] {
        var wire = Wire(from: masked ? .client : .server)
        wire.write(bytes)
        return wire.frames
    }
}

extension Wire {
    /// The data frames alone.
    var data: [Frame] { frames.filter { !$0.opcode.isControl } }
    /// The payloads of the pongs.
    var pongs: [[UInt8]] { frames.filter { $0.opcode == .pong }.map(\.payload) }
}

extension [UInt8] {
    /// The bytes in pieces of random sizes, most of them small.
    func cut(using chance: inout Seeded) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var left = self[...]
        while !left.isEmpty {
            let most = count < 3000 || Int.random(in: 0..<3, using: &chance) > 0 ? 40 : count
            let size = Int.random(in: 1...Swift.max(most, count / 200), using: &chance)
            pieces.append(Array(left.prefix(size)))
            left = left.dropFirst(size)
        }
        return pieces
    }
}

extension [Effect] {
    /// Adds effects; bytes that pass in a row stay one effect.
    mutating func join(_ more: [Effect]) {
        for effect in more {
            switch (last, effect) {
            case (.up(let before), .up(let bytes)): self[count - 1] = .up(before + bytes)
            case (.down(let before), .down(let bytes)): self[count - 1] = .down(before + bytes)
            default: append(effect)
            }
        }
    }
}
