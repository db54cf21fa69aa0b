import Bytes
import WebSocket

/// Reads one side's frames into whole frames and messages; both ends of the stand-in use it.
package struct MessageReader {
    /// What was read.
    package enum Event: Equatable, Sendable {
        /// A data frame, its payload unmasked.
        case frame(Opcode, fin: Bool, [UInt8])
        /// A message is complete; its last frame was told before.
        case text(String)
        case binary([UInt8])
        case ping([UInt8])
        case pong([UInt8])
        case close(ClosePayload)
        /// The peer broke a rule: nothing can be read after it.
        case violation(CloseCode, String)
    }

    private var parser = FrameParser()
    private var rules: FrameRules
    private var header = FrameHeader(opcode: .continuation, payloadLength: 0)
    private var payload: [UInt8] = []
    private var messageOpcode = Opcode.binary
    private var message: [UInt8] = []
    private var isOver = false

    /// A reader of what `sender` sends, in messages of at most `maxMessageBytes`.
    package init(from sender: FrameRules.Sender, maxMessageBytes: UInt64) {
        rules = FrameRules(from: sender, maxMessageBytes: maxMessageBytes)
    }

    /// Reads the next bytes, however they are cut.
    package mutating func read(_ bytes: RawSpan) -> [Event] {
        var events: [Event] = []
        var offset = 0
        do throws(WebSocketError) {
            while !isOver, let event = try parser.next(bytes, from: &offset) {
                try take(event, bytes, endingAt: offset, &events)
            }
        } catch {
            isOver = true
            events.append(.violation(error.closeCode, error.sentence))
        }
        return events
    }

    private mutating func take(
        _ event: FrameEvent, _ bytes: RawSpan, endingAt offset: Int, _ events: inout [Event]
    ) throws(WebSocketError) {
        switch event {
        case .header(let header):
            try rules.check(header)
            self.header = header
            payload = []
        case .payload(let count, let endsFrame):
            bytes.extracting(offset - count..<offset).withUnsafeBytes { payload += $0 }
            if endsFrame { try endFrame(&events) }
        }
    }

    private mutating func endFrame(_ events: inout [Event]) throws(WebSocketError) {
        if let key = header.maskKey { Masking.apply(key, to: &payload) }
        switch header.opcode {
        case .ping: events.append(.ping(payload))
        case .pong: events.append(.pong(payload))
        case .close:
            isOver = true
            events.append(.close(try ClosePayload(parsing: payload.span.bytes)))
        case .text, .binary, .continuation: endDataFrame(&events)
        }
    }

    private mutating func endDataFrame(_ events: inout [Event]) {
        if header.opcode != .continuation { messageOpcode = header.opcode }
        message += payload
        let frame = Event.frame(header.opcode, fin: header.fin, payload)
        guard header.fin else { return events.append(frame) }
        defer { message = [] }
        guard messageOpcode == .text else {
            events += [frame, .binary(message)]
            return
        }
        // RFC 6455 §8.1: text that is not UTF-8 fails the connection, and its last frame is not for anyone to see.
        guard let text = String(validating: message, as: UTF8.self) else {
            isOver = true
            return events.append(.violation(.invalidPayload, "The text is not UTF-8."))
        }
        events += [frame, .text(text)]
    }
}
