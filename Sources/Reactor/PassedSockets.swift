import CLinux
import Glibc

/// Listening sockets that a service manager made and started this process with: systemd's socket activation, as
/// sd_listen_fds(3) describes it. Those who connect while no process accepts wait in them.
package enum PassedSockets {
    /// Takes them, so that no program started from here believes that they are for it. None, where none were passed. Called
    /// once, before there are other threads.
    ///
    /// - Throws: when what was passed is no such thing.
    package static func take() throws(PassedSocketError) -> [BoundSocket] {
        let variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]
        defer { for variable in variables { unsetenv(variable) } }
        let words = variables.map { getenv($0).map { String(cString: $0) } }
        return try take(Announcement(process: words[0], count: words[1], names: words[2]), first: firstPassed)
    }

    /// What the service manager says of them.
    struct Announcement {
        /// Whom they are for: another process may have inherited the words, and not the sockets.
        let process: String?
        let count: String?
        /// Separated by colons.
        let names: String?
    }

    /// SD_LISTEN_FDS_START.
    private static let firstPassed: Int32 = 3
    /// Far more than a relay has listeners.
    private static let maxCount: Int32 = 1024

    static func take(
        _ announcement: Announcement, first: Int32
    ) throws(PassedSocketError) -> [BoundSocket] {
        guard announcement.process == "\(getpid())", let text = announcement.count else { return [] }
        guard let count = Int32(text), (0...maxCount).contains(count) else {
            throw PassedSocketError(text: "LISTEN_FDS is `\(text)`; it takes the number of sockets passed.")
        }
        let names = (announcement.names ?? "").split(separator: ":", omittingEmptySubsequences: false)
        var sockets: [BoundSocket] = []
        for index in 0..<count {
            let name = names.dropFirst(Int(index)).first.map(String.init) ?? "unknown"
            sockets.append(try take(first + index, name: name))
        }
        return sockets
    }

    private static func take(_ raw: Int32, name: String) throws(PassedSocketError) -> BoundSocket {
        guard clinux_is_listening(raw) == 1 else {
            throw PassedSocketError(
                text: "The service manager passes descriptor \(raw) (\(name)), which is no listening TCP socket; name "
                    + "an address and port under ListenStream=, with Accept=no.")
        }
        do throws(SystemError) {
            let descriptor = Descriptor(owning: raw)
            let flags = fcntl(raw, F_GETFL)
            guard fcntl(raw, F_SETFD, FD_CLOEXEC) == 0, fcntl(raw, F_SETFL, flags | O_NONBLOCK) == 0 else {
                throw .last("fcntl")
            }
            return try BoundSocket(descriptor, isShared: true)
        } catch {
            throw PassedSocketError(
                text: "The socket \(name) that the service manager passes cannot be used: \(error).")
        }
    }
}

/// Why what a service manager passes is of no use: a sentence with the remedy.
package struct PassedSocketError: Error, Equatable, CustomStringConvertible {
    let text: String
    package var description: String { text }
}
