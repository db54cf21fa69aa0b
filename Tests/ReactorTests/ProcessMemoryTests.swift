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

    @Test func trimmingIsHarmless() {
        ProcessMemory.trim()
    }
}
