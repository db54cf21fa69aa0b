import CLinux
import Glibc

/// What happens to the memory of this process.
package enum ProcessMemory {
    /// Keeps keys out of core dumps, out of crash reports and out of reach of other processes of the same user. For the rest
    /// of the process's life; to be called before any secret is read.
    package static func forbidDumps() throws(SystemError) {
        // First, because after the next step the file belongs to root. A core that a debugger writes heeds it too.
        try emptyCores()
        guard clinux_forbid_dumps() == 0 else { throw .last("prctl") }
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0 else { throw .last("setrlimit") }
        try settleCrashReports()
    }

    /// core(5): none of this process's mappings is dumped.
    private static func emptyCores() throws(SystemError) {
        let filter = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC)
        // A system without /proc has none to empty, nor a debugger that looks there.
        guard filter >= 0 else { return }
        defer { close(filter) }
        guard write(filter, "0", 1) == 1 else { throw .last("write") }
    }

    /// Swift's runtime reports a crash with what registers point at. Whoever asks for its reports by name gets them:
    /// `SWIFT_BACKTRACE=enable=yes,registers=none` tells no content. Another process makes them, which may look into this one
    /// from the crash on: until then nobody may.
    private static func settleCrashReports() throws(SystemError) {
        let isWanted = getenv("SWIFT_BACKTRACE") != nil
        for number in [SIGQUIT, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP] {
            if !isWanted {
                signal(number, SIG_DFL)
            } else if clinux_open_to_crash_report(number) < 0 {
                throw .last("sigaction")
            }
        }
    }

    /// Whether other processes of the same user may read it.
    static var isReadable: Bool { clinux_may_be_dumped() == 1 }

    /// Hands freed memory back to the system, which the allocator does not do by itself. Takes milliseconds: for a
    /// moment of rest, never on a loop under load.
    package static func trim() {
        clinux_trim_heap()
    }
}
