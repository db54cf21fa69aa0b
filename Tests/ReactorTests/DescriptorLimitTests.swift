import Glibc
import Testing

@testable import Reactor

@Suite struct DescriptorLimitTests {
    @Test func theLimitIsRaisedAsFarAsTheSystemAllows() async {
        await #expect(processExitsWith: .success) {
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            var limit = rlimit()
            getrlimit(resource, &limit)
            var low = rlimit(rlim_cur: 100, rlim_max: limit.rlim_max)
            guard setrlimit(resource, &low) == 0, DescriptorLimit.current == 100,
                DescriptorLimit.raise() == limit.rlim_max
            else { exit(1) }
            getrlimit(resource, &low)
            exit(low.rlim_cur == limit.rlim_max && DescriptorLimit.raise() == limit.rlim_max ? 0 : 2)
        }
    }
}
