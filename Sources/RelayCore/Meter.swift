/// What one direction of a session brought: data frames as their headers announced them.
package struct Meter: Equatable, Sendable {
    /// Data frames, fragments counted one by one.
    package var frames: UInt64 = 0
    /// Payload bytes of data frames.
    package var bytes: UInt64 = 0

    package init(frames: UInt64 = 0, bytes: UInt64 = 0) {
        self.frames = frames
        self.bytes = bytes
    }

    /// Adds what another meter counted.
    package static func += (total: inout Meter, other: Meter) {
        total.frames &+= other.frames
        total.bytes &+= other.bytes
    }

    mutating func count(frameOf payloadLength: UInt64) {
        frames &+= 1
        bytes &+= payloadLength
    }
}
