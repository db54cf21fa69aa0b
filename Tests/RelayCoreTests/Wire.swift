import Bytes
import RelayCore
import WebSocket

/// What one peer of a session is sent, read as that peer reads it: frames, and every breach of RFC 6455.
struct Wire {
    /// A whole frame as the peer sees it.
    struct Frame: Equatable {
        var opcode: Opcode
        var fin: Bool
        var payload: [UInt8]
    }

    private(set) var bytes: [UInt8] = []
    private(set) var frames: [Frame] = []
    var faults: [String] = []

    private var parser = FrameParser()
    private var rules: FrameRules
    private var header: FrameHeader?
    private var payload: [UInt8] = []
    private var isBroken = false

    init(from sender: FrameRules.Sender) {
        rules = FrameRules(from: sender, maxMessageBytes: .max)
    }

    /// Whether the peer waits for the rest of a frame.
    var isInsideFrame: Bool { !parser.isBetweenFrames }
    /// Whether the peer waits for the rest of a message.
    var isInsideMessage: Bool { isInsideFrame || !rules.isBetweenMessages }
    var isClosed: Bool { frames.contains { $0.opcode == .close } }

    /// The texts of the whole text messages.
    var texts: [String] {
        frames.filter { $0.opcode == .text && $0.fin }.map { String(decoding: $0.payload, as: UTF8.self) }
    }

    /// Bytes that pass.
    mutating func write(_ new: [UInt8]) {
        if isClosed { faults.append("\(new.count) bytes after a Close") }
        bytes += new
        read(new)
    }

    /// A frame of the relay's own.
    mutating func write(_ frame: OwnFrame, key: UInt32?) {
        if isInsideFrame { faults.append("\(frame) inside a frame") }
        switch frame {
        case .ping(let payload): write(FrameSerializer.frame(opcode: .ping, payload: payload, mask: key))
        case .pong(let payload): write(FrameSerializer.frame(opcode: .pong, payload: payload, mask: key))
        case .close(let payload): write(FrameSerializer.frame(opcode: .close, payload: payload, mask: key))
        case .text(let text): write(FrameSerializer.frame(opcode: .text, payload: Array(text.utf8), mask: key))
        case .endOfMessage: write(FrameSerializer.frame(opcode: .continuation, mask: key))
        }
    }

    /// Bytes that complete the frame under way.
    mutating func fill(_ count: UInt64, key: UInt32, offset: UInt64) {
        guard isInsideFrame, let header, header.maskKey == key, UInt64(payload.count) == offset,
            header.payloadLength - offset == count
        else {
            faults.append("a fill of \(count) from \(offset) that does not complete the frame")
            return
        }
        var zeros = [UInt8](repeating: 0, count: Int(count))
        Masking.apply(key, offset: offset, to: &zeros)
        write(zeros)
    }

    private mutating func read(_ new: [UInt8]) {
        guard !isBroken else { return }
        var offset = 0
        do throws(WebSocketError) {
            while let event = try parser.next(new.span.bytes, from: &offset) {
                switch event {
                case .header(let header):
                    try rules.check(header)
                    self.header = header
                    payload = []
                case .payload(let count, let endsFrame):
                    payload += new[offset - count..<offset]
                    if endsFrame { try endFrame() }
                }
            }
        } catch {
            isBroken = true
            faults.append("\(error)")
        }
    }

    private mutating func endFrame() throws(WebSocketError) {
        guard let header else { return }
        if let key = header.maskKey { Masking.apply(key, to: &payload) }
        if header.opcode == .close { _ = try ClosePayload(parsing: payload.span.bytes) }
        frames.append(Frame(opcode: header.opcode, fin: header.fin, payload: payload))
    }
}
