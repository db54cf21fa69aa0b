import Glibc
import Reactor

/// Writes log lines to a descriptor from a thread of its own, so that a slow reader of the log never holds up a loop, and a
/// full disk or a reader that is gone ends nothing.
///
/// Lines wait in memory up to a bound; beyond it they are lost, as are those that the system refuses, and the next line that
/// can be written tells how many. Thread-safe.
package final class LogWriter: Sendable {
    private struct State {
        var lines: [[UInt8]] = []
        var bytes = 0
        var lost = 0
        var isClosed = false
    }

    /// What may wait for the log's reader: a few seconds of a busy relay.
    private static let maxWaiting = 4 << 20

    private let state = Lock(State())
    private let wakeup = Semaphore()
    private let finished = Semaphore()
    private let descriptor: Int32
    private let lostLine: @Sendable (Int) -> [UInt8]

    /// - Parameters:
    ///   - descriptor: borrowed; standard error, as a rule.
    ///   - lostLine: the line that tells how many were lost.
    package init(descriptor: Int32, lostLine: @escaping @Sendable (Int) -> [UInt8]) {
        self.descriptor = descriptor
        self.lostLine = lostLine
    }

    /// Starts the writing thread. Throws when the system has no thread to give.
    package func start() throws(SystemError) -> LoopThread {
        try LoopThread.start(name: "log") { self.run() }
    }

    /// Takes one line.
    package func take(_ line: [UInt8]) {
        state.withLock { state in
            guard state.bytes + line.count <= Self.maxWaiting else {
                state.lost += 1
                return
            }
            state.lines.append(line)
            state.bytes += line.count
        }
        wakeup.signal()
    }

    /// Writes what waits and ends the thread, or gives up after `patience`: a stuck reader must not keep a process alive.
    package func close(within patience: Duration = .seconds(1)) {
        state.withLock { $0.isClosed = true }
        wakeup.signal()
        _ = finished.wait(upTo: patience)
    }

    private func run() {
        var output = Output(descriptor: descriptor, lostLine: lostLine)
        while true {
            wakeup.wait()
            let (lines, lost, isClosed) = state.withLock { state in
                let taken = (state.lines, state.lost, state.isClosed)
                (state.lines, state.bytes, state.lost) = ([], 0, 0)
                return taken
            }
            for line in lines { output.write(line) }
            output.lose(lost)
            if isClosed {
                finished.signal()
                return
            }
        }
    }
}

/// Where lines go, and what is known of those that did not get there. Belongs to the writing thread.
private struct Output {
    let descriptor: Int32
    let lostLine: @Sendable (Int) -> [UInt8]
    /// Not told yet.
    private var lost = 0
    /// The last line was cut off in its middle.
    private var isTorn = false

    init(descriptor: Int32, lostLine: @escaping @Sendable (Int) -> [UInt8]) {
        self.descriptor = descriptor
        self.lostLine = lostLine
    }

    mutating func write(_ line: [UInt8]) {
        tellLost()
        if lost > 0 || !put(line) { lost += 1 }
    }

    /// So many lines did not come as far as this.
    mutating func lose(_ count: Int) {
        lost += count
        tellLost()
    }

    private mutating func tellLost() {
        if lost > 0, put(lostLine(lost)) { lost = 0 }
    }

    /// False when the system does not take the line, or not all of it.
    private mutating func put(_ line: [UInt8]) -> Bool {
        // What follows half a line stands on one of its own.
        let bytes = isTorn ? [UInt8(ascii: "\n")] + line : line
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                isTorn = false
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                waitForRoom()
            } else if errno != EINTR {
                isTorn = isTorn || rest.count < bytes.count
                return false
            }
        }
        return true
    }

    /// Whoever made the descriptor non-blocking did not mean to lose lines.
    private func waitForRoom() {
        var descriptor = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&descriptor, 1, -1)
    }
}
