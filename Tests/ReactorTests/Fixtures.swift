import Glibc

@testable import Reactor

/// Two connected stream sockets, non-blocking.
struct SocketPair: ~Copyable {
    let ours: Descriptor
    let theirs: Descriptor

    init() throws {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SystemError.last("socketpair") }
        ours = Descriptor(owning: ends[0])
        theirs = Descriptor(owning: ends[1])
    }
}

/// Waits until `descriptor` is ready, for ten seconds at most; returns whether it is.
@discardableResult
func waitUntilReady(_ descriptor: Int32, _ events: Int32) -> Bool {
    var entry = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return poll(&entry, 1, 10_000) == 1
}

func send(_ text: String, to descriptor: Int32) -> WriteResult {
    Array(text.utf8).withUnsafeBytes { Socket.send(descriptor, $0) }
}

/// What one `receive` finds: the text, or how it ended.
func receive(from descriptor: Int32) -> (text: String, result: ReadResult) {
    var bytes = [UInt8](repeating: 0, count: 1024)
    let result = bytes.withUnsafeMutableBytes { Socket.receive(descriptor, into: $0) }
    guard case .bytes(let count) = result else { return ("", result) }
    return (String(decoding: bytes.prefix(count), as: UTF8.self), result)
}

/// Open sockets of this process among the first four thousand descriptors. Means something only where nothing else
/// runs: in an exit test. Sockets and not descriptors, because the runtime opens others when it likes.
func openSocketCount() -> Int {
    var status = stat()
    return (0..<4_096).count { fstat(Int32($0), &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK }
}
