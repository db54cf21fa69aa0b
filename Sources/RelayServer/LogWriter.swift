import Dispatch
import Glibc
import Reactor

/// Writes log lines to a descriptor from a thread of its own, so that a slow reader of the log never holds up a loop.
///
/// Lines wait in memory up to a bound; beyond it they are lost and counted. Thread-safe.
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
    private let wakeup = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)
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
        _ = finished.wait(timeout: .now() + .milliseconds(Int(patience.milliseconds)))
    }

    private func run() {
        while true {
            wakeup.wait()
            let (lines, lost, isClosed) = state.withLock { state in
                let taken = (state.lines, state.lost, state.isClosed)
                (state.lines, state.bytes, state.lost) = ([], 0, 0)
                return taken
            }
            for line in lines { write(line) }
            if lost > 0 { write(lostLine(lost)) }
            if isClosed {
                finished.signal()
                return
            }
        }
    }

    private func write(_ line: [UInt8]) {
        var rest = line[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                waitForRoom()
            } else if errno != EINTR {
                return
            }
        }
    }

    /// Whoever made the descriptor non-blocking did not mean to lose lines.
    private func waitForRoom() {
        var descriptor = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&descriptor, 1, -1)
    }
}
