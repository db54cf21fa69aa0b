import CLinux

/// What a handler wants to hear of its descriptor.
package struct Interest: OptionSet, Sendable {
    /// The bits of epoll_ctl(2).
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Bytes, a connection, or the end of the stream can be taken.
    package static var readable: Interest { Interest(rawValue: CLINUX_EPOLLIN) }
    /// Bytes can be written, or an attempt to connect is over.
    package static var writable: Interest { Interest(rawValue: CLINUX_EPOLLOUT) }
}

/// What a descriptor is ready for.
package struct Readiness: OptionSet, Sendable {
    /// The bits of epoll_wait(2).
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Bytes, a connection, or the end of the stream can be taken.
    package static var readable: Readiness { Readiness(rawValue: CLINUX_EPOLLIN) }
    /// Bytes can be written, or an attempt to connect is over.
    package static var writable: Readiness { Readiness(rawValue: CLINUX_EPOLLOUT) }
    /// Both directions are over. Told whatever the interest is, in each turn, until the descriptor is deregistered.
    package static var hangup: Readiness { Readiness(rawValue: CLINUX_EPOLLHUP) }
    /// The connection is broken; `Socket.connectError` says how. Told whatever the interest is, as `hangup`.
    package static var error: Readiness { Readiness(rawValue: CLINUX_EPOLLERR) }

    /// Reading will tell something: bytes, the end of the stream, or why the connection is lost.
    package var mayRead: Bool { rawValue & (CLINUX_EPOLLIN | CLINUX_EPOLLHUP | CLINUX_EPOLLERR) != 0 }
    /// Bytes can be written.
    package var mayWrite: Bool { rawValue & CLINUX_EPOLLOUT != 0 }
}
