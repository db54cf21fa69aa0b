/// What a frame carries (RFC 6455 §5.2, §11.8). The other ten values are reserved and have no case.
package enum Opcode: UInt8, Sendable, CaseIterable {
    /// The next fragment of the open message.
    case continuation = 0x0
    /// A message of text, or its first fragment.
    case text = 0x1
    /// A message of bytes, or its first fragment.
    case binary = 0x2
    /// The last frame an endpoint sends.
    case close = 0x8
    /// Asks for a pong with the same payload.
    case ping = 0x9
    /// Answers a ping, or comes unasked.
    case pong = 0xA

    /// Whether frames of this kind may stand between the fragments of a message: RFC 6455 §5.5, the opcode's highest
    /// bit.
    @inlinable package var isControl: Bool { rawValue & 0x8 != 0 }
}
