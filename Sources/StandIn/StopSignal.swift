import Glibc
import Reactor

/// What ends a program of the stand-in: SIGTERM or SIGINT. A peer that is gone does not.
struct StopSignal {
    private let came = Monitor(false)

    /// Watches from now on.
    init() throws {
        let came = came
        try Signals.watch([SIGTERM, SIGINT]) { _ in came.update { $0 = true } }
        Signals.ignoreBrokenPipes()
    }

    /// Returns when one has come.
    func wait() {
        while came.wait(upTo: .seconds(3600), until: { $0 ? true : nil }) == nil {}
    }
}

/// Prints at once: standard output to a pipe would wait until the buffer is full.
func printLine(_ line: String) {
    let bytes = Array(line.utf8) + [UInt8(ascii: "\n")]
    _ = write(STDOUT_FILENO, bytes, bytes.count)
}
