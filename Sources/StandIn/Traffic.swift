import Crypto
import WebSocket

/// What went one way over a WebSocket, as one end saw it: enough to prove that the other end sent exactly that.
package struct Traffic: Equatable, Sendable {
    /// Text messages begun.
    package private(set) var textMessages = 0
    /// Binary messages begun.
    package private(set) var binaryMessages = 0
    /// Data frames; more than messages when some came in fragments.
    package private(set) var frames = 0
    /// Payload bytes of the data frames.
    package private(set) var bytes = 0
    /// Ping frames.
    package var pings = 0
    /// Pong frames.
    package var pongs = 0

    /// A chain over all data frames, in their order: SHA-256 of the digest before (32 zeros at first), the frame's first
    /// byte (FIN and opcode) and its payload, unmasked. Equal digests mean the same bytes in the same frames.
    package private(set) var digest = [UInt8](repeating: 0, count: Digest.sha256Count)

    /// Nothing yet.
    package init() {}

    /// Counts a data frame with its whole payload, unmasked.
    package mutating func count(_ opcode: Opcode, fin: Bool, payload: [UInt8]) {
        frames += 1
        bytes += payload.count
        if opcode == .text { textMessages += 1 }
        if opcode == .binary { binaryMessages += 1 }
        digest = Digest.sha256(digest + [(fin ? 0x80 : 0) | opcode.rawValue] + payload)
    }

    /// The counts and the digest in hexadecimal.
    package var json: JSONValue {
        [
            "text_messages": JSONValue(textMessages), "binary_messages": JSONValue(binaryMessages),
            "frames": JSONValue(frames), "bytes": JSONValue(bytes), "pings": JSONValue(pings),
            "pongs": JSONValue(pongs), "digest": .string(Hex.encode(digest)),
        ]
    }
}
