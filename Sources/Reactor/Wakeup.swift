import CLinux
import Glibc

/// An eventfd: wakes a loop from any thread.
struct Wakeup: ~Copyable, Sendable {
    /// Readable after `signal`, until `clear`.
    let descriptor: Descriptor

    init() throws(SystemError) {
        let raw = clinux_eventfd()
        guard raw >= 0 else { throw .last("eventfd") }
        descriptor = Descriptor(owning: raw)
    }

    /// Makes the descriptor readable. Any thread may call it.
    func signal() {
        var one: UInt64 = 1
        // EAGAIN, the only failure, means that the counter is full: the descriptor is readable already.
        _ = write(descriptor.raw, &one, MemoryLayout<UInt64>.size)
    }

    /// Makes the descriptor unreadable again.
    func clear() {
        var count: UInt64 = 0
        // EAGAIN, the only failure, means that it is unreadable already.
        _ = read(descriptor.raw, &count, MemoryLayout<UInt64>.size)
    }
}
