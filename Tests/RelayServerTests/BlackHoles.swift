import Glibc
import Reactor

/// Addresses of this machine that answer nothing: a connection to them is neither made nor refused while this lives.
final class BlackHoles {
    private var sockets: [Int32] = []

    /// Another such place: a listener that accepts nobody and whose queue is full.
    func open(_ host: String, port: UInt16) throws {
        guard let address = SocketAddress(literal: host, port: port) else {
            throw SystemError(code: EINVAL, call: "bind")
        }
        let listener = try Socket.listen(address, backlog: 0)
        sockets.append(listener.release())
        // The queue takes one more than its length. What comes then is dropped, and the last of these waits for ever.
        for _ in 1...3 { sockets.append(try Socket.connect(address).release()) }
        guard let last = sockets.last else { return }
        var state = pollfd(fd: last, events: Int16(POLLOUT), revents: 0)
        // Loopback answers within the system call; there is nothing to wait for.
        guard poll(&state, 1, 0) == 0 else { throw SystemError(code: EISCONN, call: "connect") }
    }

    deinit {
        for socket in sockets { close(socket) }
    }
}
