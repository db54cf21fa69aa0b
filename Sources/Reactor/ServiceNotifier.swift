import Glibc
import Timing

/// Tells a service manager (systemd) how this process stands, as sd_notify(3) describes it: lines of text in a datagram.
///
/// What cannot be delivered is dropped: a service manager that does not listen is no reason to stop. Thread-safe.
package final class ServiceNotifier: Sendable {
    private let socket: Descriptor

    /// The one that NOTIFY_SOCKET names; nil when there is none, or it cannot be reached.
    package static func find() -> ServiceNotifier? {
        getenv("NOTIFY_SOCKET").flatMap { try? ServiceNotifier(path: String(cString: $0)) }
    }

    /// - Parameter path: of a socket in the file system, or with a leading `@` of one without a file.
    init(path: String) throws(SystemError) {
        var name = Array(path.utf8)
        if name.first == UInt8(ascii: "@") { name[0] = 0 }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard !name.isEmpty, name.count < room else { throw SystemError(code: ENAMETOOLONG, call: "connect") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let raw = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw .last("socket") }
        socket = Descriptor(owning: raw)
        // Abstract names are compared by their length.
        let length = MemoryLayout<sockaddr_un>.size - room + name.count
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(raw, $0, socklen_t(length)) }
        }
        guard result == 0 else { throw .last("connect") }
    }

    /// What a service manager understands.
    package enum Notice: Equatable, Sendable {
        /// The process serves; after `reloads`, by its new files.
        case ready
        /// It reads its files again.
        case reloads
        /// It stops, and is to be given so long for it.
        case stops(within: Duration)
        /// All is well, for whoever watches.
        case alive
    }

    /// Tells it. Never blocks.
    package func tell(_ notice: Notice) {
        let text = Array(notice.assignments(now: MonotonicClock.now()).joined(separator: "\n").utf8)
        _ = send(socket.raw, text, text.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
    }

    /// How often it wants to hear that all is well (sd_watchdog_enabled(3)); nil: never.
    package static var watchdogInterval: Duration? {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        return watchdogInterval(microseconds: variable("WATCHDOG_USEC"), process: variable("WATCHDOG_PID"))
    }

    static func watchdogInterval(microseconds: String?, process: String?) -> Duration? {
        guard let microseconds = microseconds.flatMap({ Int64($0) }), microseconds > 0 else { return nil }
        if let process, process != "\(getpid())" { return nil }
        return .microseconds(microseconds)
    }
}

extension ServiceNotifier.Notice {
    /// As sd_notify(3) writes it.
    func assignments(now: Instant) -> [String] {
        switch self {
        case .ready: ["READY=1", "STATUS=Serving."]
        // systemd.service(5), Type=notify-reload: it is told when the reload began.
        case .reloads: ["RELOADING=1", "MONOTONIC_USEC=\(now.nanoseconds / 1000)"]
        // Without the last it would be killed after TimeoutStopSec=.
        case .stops(let patience):
            [
                "STOPPING=1", "STATUS=Draining: sessions end within \(patience.components.seconds) s.",
                "EXTEND_TIMEOUT_USEC=\(patience.wholeNanoseconds / 1000)",
            ]
        case .alive: ["WATCHDOG=1"]
        }
    }
}
