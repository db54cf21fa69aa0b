import Glibc
import Timing

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

/// A socket with a byte that nobody takes: it stays readable.
final class ReadablePair {
    private let pair: SocketPair

    init() throws {
        pair = try SocketPair()
        _ = send("x", to: pair.theirs.raw)
    }

    var descriptor: Int32 { pair.ours.raw }
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

/// A handler made of a closure.
final class OnReady: EventHandler {
    private let body: (Readiness) -> Void
    init(_ body: @escaping (Readiness) -> Void) { self.body = body }
    func ready(_ readiness: Readiness) { body(readiness) }
}

/// A timer handler made of a closure.
final class OnTimer: TimerHandler {
    private let body: (Int) -> Void
    init(_ body: @escaping (Int) -> Void) { self.body = body }
    func fired(tag: Int) { body(tag) }
}

/// A turn handler made of a closure.
final class OnTurnEnd: TurnHandler {
    private let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
    func endOfTurn() { body() }
}

/// A mailbox receiver made of a closure.
final class OnMessage<Message: Sendable>: MailboxReceiver {
    private let body: (Message) -> Void
    init(_ body: @escaping (Message) -> Void) { self.body = body }
    func received(_ message: Message) { body(message) }
}

/// SplitMix64: the same numbers for the same seed, on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
