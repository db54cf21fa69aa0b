import CLinux
import Dispatch
import Glibc

/// What the process does on signals.
package enum Signals {
    /// Every watch reports here, one signal at a time, away from the loops.
    private static let queue = DispatchQueue(label: "signals")

    /// Calls `handler` with each of `signals` that comes from now on, instead of what the system would do, for the rest
    /// of the process's life. It runs on a queue of its own: to reach a loop, post to its mailbox.
    ///
    /// The signals travel through a pipe. A Dispatch signal source would hear only those that the main thread blocks or
    /// does not ignore, which depends on how the main thread waits.
    ///
    /// Throws when there is no pipe to be had, or a number is no signal that can be caught.
    package static func watch(
        _ signals: [Int32], handler: @escaping @Sendable (Int32) -> Void
    ) throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard clinux_pipe(&ends) == 0 else { throw .last("pipe2") }
        report(from: ends[0], to: handler)
        for number in signals {
            guard clinux_watch_signal(number, ends[1]) == 0 else { throw .last("sigaction") }
        }
    }

    /// Makes writing to a closed pipe or connection, or beyond the size that a file may have, an error instead of the end of
    /// the process. `Socket.send` never raises the first signal; standard error and the files of others may.
    package static func ignoreBrokenPipes() {
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }

    private static func report(from pipe: Int32, to handler: @escaping @Sendable (Int32) -> Void) {
        let source = DispatchSource.makeReadSource(fileDescriptor: pipe, queue: queue)
        source.setEventHandler {
            var numbers = [UInt8](repeating: 0, count: 64)
            let count = read(pipe, &numbers, numbers.count)
            for number in numbers.prefix(max(0, count)) { handler(Int32(number)) }
            // The source lives as long as its handler holds it: for ever.
            withExtendedLifetime(source) {}
        }
        source.activate()
    }
}
