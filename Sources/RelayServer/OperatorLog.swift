import Glibc
import Reactor
import Telemetry

/// The relay's log on standard error: lines made by `Log`, written by a thread of their own.
package final class OperatorLog: Sendable {
    /// What the loops write to.
    package let log: Log
    private let writer: LogWriter

    /// Throws when the system has no thread to give.
    package init(minimum: LogLevel, format: LogFormat, descriptor: Int32 = STDERR_FILENO) throws(SystemError) {
        // The line that tells of lost lines is written past the queue that lost them.
        let writer = LogWriter(descriptor: descriptor) { lost in
            Log.line(.warning, .logLinesLost, [.count(lost)], format: format, at: WallClock.timestamp())
        }
        self.writer = writer
        _ = try writer.start()
        log = Log(minimum: minimum, format: format, timestamp: WallClock.timestamp) { writer.take($0) }
    }

    /// Writes what waits, as far as its reader takes it. Lines that come later are lost.
    package func close() {
        writer.close()
    }
}

/// The time of day.
enum WallClock {
    /// Unix time.
    static func seconds() -> Double {
        let now = now()
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    /// Now, as RFC 3339 writes it: UTC, milliseconds.
    @Sendable static func timestamp() -> String { timestamp(now()) }

    /// The same of a Unix time; of one that no clock shows, the epoch.
    static func timestamp(at seconds: Double) -> String {
        let nanoseconds = Int64(exactly: (seconds * 1e9).rounded()) ?? 0
        return timestamp(timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000)))
    }

    private static func now() -> timespec {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return now
    }

    private static func timestamp(_ time: timespec) -> String {
        var time = time
        var parts = tm()
        gmtime_r(&time.tv_sec, &parts)
        let date = [Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday)].map { padded($0, 2) }
        let clock = [parts.tm_hour, parts.tm_min, parts.tm_sec].map { padded(Int($0), 2) }
        return "\(date.joined(separator: "-"))T\(clock.joined(separator: ":")).\(padded(time.tv_nsec / 1_000_000, 3))Z"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
