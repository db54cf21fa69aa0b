import Dispatch
import Glibc
import Testing

@testable import Reactor

@Suite struct SignalsTests {
    @Test func aWatchedSignalIsReportedInsteadOfEndingTheProcess() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let seen = DispatchSemaphore(value: 0)
            let heard = Lock<[Int32]>([])
            try Signals.watch([SIGTERM, SIGHUP]) { signal in
                heard.withLock { $0.append(signal) }
                seen.signal()
            }
            for number in [SIGTERM, SIGHUP, SIGTERM] {
                kill(getpid(), number)
                seen.wait()
            }
            guard heard.withLock({ $0 }) == [SIGTERM, SIGHUP, SIGTERM] else { exit(1) }
            exit(7)
        }
    }

    @Test func whatCannotBeCaughtIsAnError() {
        #expect(throws: SystemError(code: EINVAL, call: "sigaction")) { try Signals.watch([SIGKILL]) { _ in } }
        #expect(throws: SystemError(code: EINVAL, call: "sigaction")) { try Signals.watch([1000]) { _ in } }
    }

    @Test func aBrokenPipeIsAnErrorAndNotTheEnd() async {
        await #expect(processExitsWith: .exitCode(7)) {
            Signals.ignoreBrokenPipes()
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0 else { exit(1) }
            close(ends[0])
            guard write(ends[1], "x", 1) == -1, errno == EPIPE else { exit(1) }
            exit(7)
        }
    }
}
