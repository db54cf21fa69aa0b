import Bytes
import Transport
import WebSocket

/// One end of an open WebSocket on a transport: frames and messages in and out, pings answered, closed once, all counted.
///
/// Belongs to its transport's loop.
final class MessageSocket {
    let transport: Transport
    /// What came in.
    private(set) var received = Traffic()
    /// What went out.
    private(set) var sent = Traffic()
    private(set) var closing = ClosingHandshake()
    /// Messages are sent in fragments of at most so many bytes; nil for whole ones.
    var fragmentBytes: Int?

    private let isClient: Bool
    private var reader: MessageReader

    init(_ transport: Transport, isClient: Bool, maxMessageBytes: UInt64) {
        self.transport = transport
        self.isClient = isClient
        reader = MessageReader(from: isClient ? .server : .client, maxMessageBytes: maxMessageBytes)
    }

    /// Reads bytes of the peer. Pings are answered; a close frame is noted, and its answer is the caller's.
    func read(_ bytes: RawSpan) -> [MessageReader.Event] {
        let events = reader.read(bytes)
        for event in events { note(event) }
        return events
    }

    private func note(_ event: MessageReader.Event) {
        switch event {
        case .frame(let opcode, let fin, let payload): received.count(opcode, fin: fin, payload: payload)
        case .ping(let payload):
            received.pings += 1
            if closing.maySend { write(.pong, payload) }
        case .pong: received.pongs += 1
        case .close(let payload): try? closing.receiveClose(payload)
        case .text, .binary, .violation: break
        }
    }

    func send(text: String) { send(.text, Array(text.utf8)) }

    func send(binary bytes: [UInt8]) { send(.binary, bytes) }

    /// Sends one data frame as it is.
    func send(frame opcode: Opcode, fin: Bool, _ payload: [UInt8]) {
        guard closing.maySend else { return }
        sent.count(opcode, fin: fin, payload: payload)
        write(opcode, payload, fin: fin)
    }

    func ping(_ payload: [UInt8]) {
        guard closing.maySend else { return }
        sent.pings += 1
        write(.ping, payload)
    }

    /// Sends a close frame, unless one was sent before.
    func close(_ payload: ClosePayload) {
        if closing.sendClose(payload) { write(.close, payload.bytes) }
    }

    /// Sends bytes that need not be a frame.
    func send(raw bytes: [UInt8]) { transport.write(bytes) }

    /// Sends the header of a text message and half of what it promises.
    func sendHalfMessage() {
        let frame = FrameSerializer.frame(opcode: .text, payload: [UInt8](repeating: 0x78, count: 100), mask: mask)
        transport.write(Array(frame.prefix(frame.count / 2)))
    }

    private func send(_ opcode: Opcode, _ payload: [UInt8]) {
        guard let fragmentBytes, payload.count > fragmentBytes else {
            return send(frame: opcode, fin: true, payload)
        }
        for start in stride(from: 0, to: payload.count, by: fragmentBytes) {
            let end = min(start + fragmentBytes, payload.count)
            send(
                frame: start == 0 ? opcode : .continuation, fin: end == payload.count, Array(payload[start..<end]))
        }
    }

    private func write(_ opcode: Opcode, _ payload: [UInt8], fin: Bool = true) {
        transport.write(FrameSerializer.frame(opcode: opcode, payload: payload, mask: mask, fin: fin))
    }

    /// RFC 6455 §5.3: a client masks each frame with a fresh key.
    private var mask: UInt32? { isClient ? UInt32.random(in: 0...UInt32.max) : nil }
}
