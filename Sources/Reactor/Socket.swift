import CLinux
import Glibc
import Timing

/// TCP sockets: one function for each system call. Every socket made here is non-blocking and closed on exec.
///
/// Descriptors are lent as numbers; the caller owns them as `Descriptor`.
package enum Socket {
    /// Listens at `address`.
    ///
    /// - Parameters:
    ///   - reusePort: whether other sockets may listen at the same address, the kernel spreading connections over them
    ///     (SO_REUSEPORT): one listener for each loop.
    ///   - backlog: connections that may wait to be accepted; the kernel cuts it to `net.core.somaxconn`.
    package static func listen(
        _ address: SocketAddress, reusePort: Bool = false, backlog: Int32 = 4096
    ) throws(SystemError) -> Descriptor {
        let descriptor = try stream(for: address)
        // A restarted process may listen again although connections of its predecessor are still in TIME_WAIT.
        try set(descriptor.raw, SOL_SOCKET, SO_REUSEADDR, to: 1)
        if reusePort { try set(descriptor.raw, SOL_SOCKET, SO_REUSEPORT, to: 1) }
        // `[::]` means IPv6 alone, so that what is written in the configuration is what listens, on every system.
        if address.isIPv6 { try set(descriptor.raw, ipv6, IPV6_V6ONLY, to: 1) }
        try check(address.withSockaddr { bind(descriptor.raw, $0, $1) }, "bind")
        try check(Glibc.listen(descriptor.raw, backlog), "listen")
        return descriptor
    }

    /// Whether somebody listens at `address` already, this process or another. Such a port can be shared (`reusePort`),
    /// without a word to either.
    package static func isTaken(_ address: SocketAddress) throws(SystemError) -> Bool {
        let descriptor = try stream(for: address)
        try set(descriptor.raw, SOL_SOCKET, SO_REUSEADDR, to: 1)
        if address.isIPv6 { try set(descriptor.raw, ipv6, IPV6_V6ONLY, to: 1) }
        if address.withSockaddr({ bind(descriptor.raw, $0, $1) }) == 0 { return false }
        if errno == EADDRINUSE { return true }
        throw .last("bind")
    }

    /// From now on a listener does not answer those who begin to connect; those who are connecting already go on, and are
    /// there to be accepted. Before it is closed, so that nobody is reset.
    package static func ignoreNewcomers(_ listener: Int32) throws(SystemError) {
        try check(clinux_ignore_newcomers(listener), "setsockopt")
    }

    /// Takes one waiting connection.
    package static func accept(_ listener: Int32) -> AcceptResult {
        while true {
            let (raw, peer) = SocketAddress.written { clinux_accept(listener, $0, $1) }
            guard raw >= 0 else {
                let error = SystemError.last("accept")
                if error.isInterrupted { continue }
                return AcceptResult(error)
            }
            let descriptor = Descriptor(owning: raw)
            guard let peer else { return .transient(SystemError(code: EAFNOSUPPORT, call: "accept")) }
            return .connection(descriptor, peer)
        }
    }

    /// Starts to connect. The descriptor becomes writable when the attempt is over; `connectError` then says how it
    /// went.
    ///
    /// Throws what is known at once, such as a network that cannot be reached, or a `source` that is not this machine's.
    package static func connect(
        _ address: SocketAddress, from source: SocketAddress? = nil
    ) throws(SystemError) -> Descriptor {
        let descriptor = try stream(for: address)
        if let source { try check(source.withSockaddr { bind(descriptor.raw, $0, $1) }, "bind") }
        let result = address.withSockaddr { Glibc.connect(descriptor.raw, $0, $1) }
        // connect(2): interrupted or not, the attempt of a non-blocking socket goes on by itself.
        if result < 0, errno != EINPROGRESS, errno != EINTR { throw .last("connect") }
        return descriptor
    }

    /// Why the attempt to connect failed, or any other error pending on the socket; `nil` when there is none. Asking
    /// clears it.
    package static func connectError(_ descriptor: Int32) -> SystemError? {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return .last("getsockopt") }
        return code == 0 ? nil : SystemError(code: code, call: "connect")
    }

    /// Reads what has arrived, at most as much as fits `buffer`.
    package static func receive(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
        read(descriptor, into: buffer, 0)
    }

    private static func read(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, _ flags: Int32
    ) -> ReadResult {
        // recv(2) answers 0 to an empty buffer, as it does at the end of the stream.
        guard !buffer.isEmpty else { return .bytes(0) }
        while true {
            let count = recv(descriptor, buffer.baseAddress, buffer.count, flags)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .end }
            let error = SystemError.last("recv")
            if error.isInterrupted { continue }
            return error.isWouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// As `receive`, but what has arrived goes on waiting to be read.
    package static func peek(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
        read(descriptor, into: buffer, Int32(MSG_PEEK))
    }

    /// Writes as much of `bytes` as the socket takes now. A peer that is gone is a result, never SIGPIPE.
    package static func send(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> WriteResult {
        while true {
            let count = Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .bytes(count) }
            let error = SystemError.last("send")
            if error.isInterrupted { continue }
            return error.isWouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// Sends a FIN after everything written before; reading goes on.
    package static func shutdownWrite(_ descriptor: Int32) throws(SystemError) {
        try check(shutdown(descriptor, Int32(SHUT_WR)), "shutdown")
    }

    /// The address of our side.
    package static func localAddress(_ descriptor: Int32) throws(SystemError) -> SocketAddress {
        try address("getsockname") { getsockname(descriptor, $0, $1) }
    }

    /// The address of the other side.
    package static func peerAddress(_ descriptor: Int32) throws(SystemError) -> SocketAddress {
        try address("getpeername") { getpeername(descriptor, $0, $1) }
    }
}

// MARK: - What the calls say

/// What `Socket.accept` found.
package enum AcceptResult: ~Copyable {
    /// A connection, and who is at the other end.
    case connection(Descriptor, SocketAddress)
    /// Nobody is waiting.
    case wouldBlock
    /// The process or the system has no room for another connection; the one that waits goes on waiting. Asking again
    /// at once would only spin: pause, then try again. Errors that are not understood count here, for the same reason.
    case exhausted(SystemError)
    /// The connection was gone before it was taken. The next may be fine: ask again.
    case transient(SystemError)

    init(_ error: SystemError) {
        switch error.code {
        case EAGAIN, EWOULDBLOCK:
            self = .wouldBlock
        // accept(2): Linux passes errors already pending on the new socket; "for reliable operation the application
        // should detect [them] and treat them like EAGAIN by retrying". EPERM is a firewall's word about one
        // connection.
        case ECONNABORTED, EPROTO, ENOPROTOOPT, EOPNOTSUPP, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET,
            ETIMEDOUT, EPERM:
            self = .transient(error)
        default:
            self = .exhausted(error)
        }
    }
}

/// What `Socket.receive` found.
package enum ReadResult: Hashable, Sendable {
    /// So many bytes, at least one unless the buffer was empty.
    case bytes(Int)
    /// The peer has sent a FIN: nothing more will come.
    case end
    /// Nothing has arrived yet.
    case wouldBlock
    /// The connection is broken.
    case failed(SystemError)
}

/// What `Socket.send` achieved.
package enum WriteResult: Hashable, Sendable {
    /// So many bytes were taken; the rest has to wait until the descriptor is writable.
    case bytes(Int)
    /// The socket takes nothing now.
    case wouldBlock
    /// The connection is broken.
    case failed(SystemError)
}

// MARK: - Options

extension Socket {
    /// Sends small messages at once instead of gathering them (Nagle's algorithm off, RFC 9293 §3.7.4).
    package static func setNoDelay(_ descriptor: Int32) throws(SystemError) {
        try set(descriptor, tcp, TCP_NODELAY, to: 1)
    }

    /// Has the kernel probe a silent peer: first after `idle`, then every `interval`; after `count` unanswered probes
    /// the connection is broken. The durations are whole seconds, at least one.
    package static func setKeepAlive(
        _ descriptor: Int32, idle: Duration, interval: Duration, count: Int32
    ) throws(SystemError) {
        try set(descriptor, tcp, TCP_KEEPIDLE, to: wholeSeconds(idle))
        try set(descriptor, tcp, TCP_KEEPINTVL, to: wholeSeconds(interval))
        try set(descriptor, tcp, TCP_KEEPCNT, to: count)
        try set(descriptor, SOL_SOCKET, SO_KEEPALIVE, to: 1)
    }

    /// Breaks the connection when sent bytes stay unacknowledged for `limit` (RFC 5482), in milliseconds.
    package static func setUserTimeout(_ descriptor: Int32, _ limit: Duration) throws(SystemError) {
        let milliseconds = max(1, limit.wholeNanoseconds / 1_000_000)
        try set(descriptor, tcp, TCP_USER_TIMEOUT, to: Int32(clamping: milliseconds))
    }

    /// Makes the coming close send a RST and drop what is unsent, instead of a FIN.
    package static func setLingerReset(_ descriptor: Int32) throws(SystemError) {
        try set(descriptor, SOL_SOCKET, SO_LINGER, to: linger(l_onoff: 1, l_linger: 0))
    }

    /// Calls the descriptor writable only while fewer than `bytes` of what was written wait to be sent, so that the
    /// queue of a slow reader stands in our memory, where it is counted, and not in the kernel's (TCP_NOTSENT_LOWAT).
    package static func setUnsentLowWater(_ descriptor: Int32, _ bytes: Int32) throws(SystemError) {
        try set(descriptor, tcp, TCP_NOTSENT_LOWAT, to: bytes)
    }
}

// MARK: - Behind the calls

extension Socket {
    private static let tcp = Int32(IPPROTO_TCP)
    private static let ipv6 = Int32(IPPROTO_IPV6)

    private static func stream(for address: SocketAddress) throws(SystemError) -> Descriptor {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let raw = socket(address.isIPv6 ? AF_INET6 : AF_INET, type, 0)
        try check(raw, "socket")
        return Descriptor(owning: raw)
    }

    private static func address(
        _ name: StaticString, _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) throws(SystemError) -> SocketAddress {
        let (result, address) = SocketAddress.written(by: call)
        try check(result, name)
        guard let address else { throw SystemError(code: EAFNOSUPPORT, call: name) }
        return address
    }

    private static func set<Value: BitwiseCopyable>(
        _ descriptor: Int32, _ level: Int32, _ option: Int32, to value: Value
    ) throws(SystemError) {
        let result = withUnsafeBytes(of: value) {
            setsockopt(descriptor, level, option, $0.baseAddress, socklen_t($0.count))
        }
        try check(result, "setsockopt")
    }

    private static func check(_ result: Int32, _ call: StaticString) throws(SystemError) {
        if result < 0 { throw .last(call) }
    }

    /// What the kernel takes: 1 to 32767 seconds (tcp(7)).
    private static func wholeSeconds(_ duration: Duration) -> Int32 {
        Int32(clamping: min(max(1, duration.components.seconds), 32_767))
    }
}
