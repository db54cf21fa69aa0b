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

    @Test func trimmingIsHarmless() {
        ProcessMemory.trim()
    }
}
