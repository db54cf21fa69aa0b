import CLinux
import Glibc

/// What happens to the memory of this process.
package enum ProcessMemory {
    /// Keeps keys out of core dumps and out of reach of other processes of the same user. For the rest of the process's
    /// life.
    package static func forbidDumps() throws(SystemError) {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        guard setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none) == 0 else { throw .last("setrlimit") }
        guard clinux_forbid_dumps() == 0 else { throw .last("prctl") }
    }

    /// Hands freed memory back to the system, which the allocator does not do by itself. Takes milliseconds: for a
    /// moment of rest, never on a loop under load.
    package static func trim() {
        clinux_trim_heap()
    }
}
