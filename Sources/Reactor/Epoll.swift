import CLinux
import Glibc

/// The kernel's list of descriptors to watch. Level-triggered: what stays ready is reported again.
struct Epoll: ~Copyable {
    /// Events taken from the kernel in one wait. More than that stay ready and come with the next; the bound keeps
    /// timers and mailboxes from waiting behind a long batch.
    private static let maxEvents = Int(CLINUX_MAX_EVENTS)

    private let descriptor: Descriptor
    private let events: UnsafeMutablePointer<clinux_event>
    private let most: Int32

    /// - Parameter most: events taken in one wait, if fewer are wanted.
    init(most: Int = maxEvents) throws(SystemError) {
        let raw = clinux_epoll_create()
        guard raw >= 0 else { throw .last("epoll_create1") }
        descriptor = Descriptor(owning: raw)
        self.most = Int32(clamping: most)
        events = .allocate(capacity: Self.maxEvents)
        events.initialize(repeating: clinux_event(), count: Self.maxEvents)
    }

    deinit {
        events.deinitialize(count: Self.maxEvents)
        events.deallocate()
    }

    /// Watches `raw`; its events come back with `key`.
    func add(_ raw: Int32, _ interest: Interest, key: SlotKey) throws(SystemError) {
        try check(clinux_epoll_add(descriptor.raw, raw, interest.rawValue, key.word))
    }

    /// Watches another list: it is ready for as long as something in it is.
    func add(_ other: borrowing Epoll, key: SlotKey) throws(SystemError) {
        try add(other.descriptor.raw, .readable, key: key)
    }

    func modify(_ raw: Int32, _ interest: Interest, key: SlotKey) throws(SystemError) {
        try check(clinux_epoll_modify(descriptor.raw, raw, interest.rawValue, key.word))
    }

    func remove(_ raw: Int32) throws(SystemError) {
        try check(clinux_epoll_remove(descriptor.raw, raw))
    }

    /// Waits for events, `milliseconds` at most and for ever when negative. Returns how many there are, none when a
    /// signal came first.
    func wait(milliseconds: Int32) -> Int {
        let count = clinux_epoll_wait(descriptor.raw, events, most, milliseconds)
        if count >= 0 { return Int(count) }
        // EBADF, EFAULT and EINVAL mean that the descriptor or the buffer of this very value is broken: memory is no
        // longer what it should be, and a loop that went on would only spin.
        precondition(errno == EINTR, "epoll_wait failed on the loop's own descriptor")
        return 0
    }

    /// Event `index` of the last wait.
    func event(at index: Int) -> (key: SlotKey, readiness: Readiness) {
        (SlotKey(word: events[index].word), Readiness(rawValue: events[index].events))
    }

    private func check(_ result: Int32) throws(SystemError) {
        if result < 0 { throw .last("epoll_ctl") }
    }
}

extension SlotKey {
    /// The 64 bits that the kernel keeps with a descriptor and hands back with each of its events.
    fileprivate var word: UInt64 { UInt64(generation) << 32 | UInt64(index) }

    fileprivate init(word: UInt64) {
        self.init(index: UInt32(truncatingIfNeeded: word), generation: UInt32(truncatingIfNeeded: word >> 32))
    }
}
