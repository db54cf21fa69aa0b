import Foundation
import Glibc
import Testing

@testable import Reactor

@Suite struct ProcessMemoryTests {
    @Test func aProcessThatForbidsDumpsHasNoCoreLimitLeft() async {
        await #expect(processExitsWith: .exitCode(7)) {
            try ProcessMemory.forbidDumps()
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
            guard limit.rlim_cur == 0, limit.rlim_max == 0 else { exit(1) }
            exit(7)
        }
    }

    @Test func ofAProcessThatForbidsDumpsNoMappingIsDumped() async {
        await #expect(processExitsWith: .exitCode(7)) {
            try ProcessMemory.forbidDumps()
            let filter = try String(contentsOfFile: "/proc/self/coredump_filter", encoding: .utf8)
            guard Int(filter.prefix { $0 != "\n" }, radix: 16) == 0 else { exit(1) }
            exit(7)
        }
    }

    @Test(arguments: [SIGSEGV, SIGABRT, SIGILL, SIGBUS, SIGFPE, SIGTRAP])
    func aFatalSignalIsTheSystemsToHandle(number: Int32) async {
        await #expect(processExitsWith: .exitCode(7)) { [number] in
            unsetenv("SWIFT_BACKTRACE")
            try ProcessMemory.forbidDumps()
            var action = sigaction()
            sigaction(number, nil, &action)
            guard action.__sigaction_handler.sa_handler == nil else { exit(1) }
            exit(7)
        }
    }

    /// Whoever asks for reports by name gets them: nobody may look into the process until it crashes, and then the reporter may.
    @Test func theReporterThatWasAskedForCanReadTheProcessOnceItCrashes() async {
        await #expect(processExitsWith: .exitCode(7)) {
            setenv("SWIFT_BACKTRACE", "enable=yes", 1)
            var report = sigaction()
            report.sa_flags = SA_SIGINFO
            report.__sigaction_handler.sa_sigaction = { _, _, _ in
                _exit(ProcessMemory.isReadable ? 7 : 2)
            }
            guard sigaction(SIGSEGV, &report, nil) == 0 else { exit(1) }
            try ProcessMemory.forbidDumps()
            guard !ProcessMemory.isReadable else { exit(3) }
            raise(SIGSEGV)
        }
    }

    @Test func withoutAReporterACrashIsTheSystemsToHandle() async {
        await #expect(processExitsWith: .signal(SIGSEGV)) {
            setenv("SWIFT_BACKTRACE", "enable=no", 1)
            signal(SIGSEGV, SIG_DFL)
            try ProcessMemory.forbidDumps()
            raise(SIGSEGV)
        }
    }

    @Test func trimmingIsHarmless() {
        ProcessMemory.trim()
    }
}
