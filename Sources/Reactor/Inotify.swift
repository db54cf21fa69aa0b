import Glibc

/// inotify(7) over directories. Non-blocking; any thread may call it.
final class Inotify: Sendable {
    /// Readable when there are events.
    let descriptor: Descriptor

    /// One event of a watched directory.
    struct Event {
        /// The watch it comes from; −1 when events were lost.
        let watch: Int32
        /// The entry it is about; empty: the directory itself.
        let name: String
        /// Events were lost: anything may have changed.
        let isOverflow: Bool
    }

    /// Throws when the user may have no more instances of it.
    init() throws(SystemError) {
        let raw = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard raw >= 0 else { throw .last("inotify_init1") }
        descriptor = Descriptor(owning: raw)
    }

    /// Watches a directory. One that is watched already keeps its number; `nil` when it cannot be watched.
    func watch(_ directory: String) -> Int32? {
        let watch = inotify_add_watch(descriptor.raw, directory, Inotify.changes)
        return watch >= 0 ? watch : nil
    }

    func unwatch(_ watch: Int32) {
        // EINVAL: the directory is gone, and the watch with it.
        inotify_rm_watch(descriptor.raw, watch)
    }

    /// Takes the events that have come.
    func drain(_ body: (Event) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: Inotify.bufferSize, alignment: 8) { buffer in
            while true {
                let count = read(descriptor.raw, buffer.baseAddress, buffer.count)
                guard count > 0 else { return }
                Inotify.parse(UnsafeRawBufferPointer(rebasing: buffer[..<count]), body)
            }
        }
    }

    /// Whatever can change what a name stands for. A file that is still written to is told when it is closed.
    private static let changes = UInt32(
        IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF
            | IN_ONLYDIR)

    /// Some hundred events; one is a header and a name of up to 255 bytes.
    private static let bufferSize = 16 << 10
    private static let headerSize = 16

    /// inotify(7): `wd`, `mask`, `cookie` and `len` of 32 bits each, then `len` bytes with the name, padded with zeros.
    private static func parse(_ bytes: UnsafeRawBufferPointer, _ body: (Event) -> Void) {
        var offset = 0
        while bytes.count - offset >= headerSize {
            let watch = bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)
            let mask = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            let length = Int(bytes.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
            let start = offset + headerSize
            guard length <= bytes.count - start else { return }
            let name = bytes[start..<start + length].prefix { $0 != 0 }
            let isOverflow = mask & UInt32(IN_Q_OVERFLOW) != 0
            body(Event(watch: watch, name: String(decoding: name, as: UTF8.self), isOverflow: isOverflow))
            offset = start + length
        }
    }
}
