import Reactor

/// A listening socket on 127.0.0.1 that hands over what it accepts. Belongs to its loop.
final class LoopbackListener: EventHandler {
    /// The port it listens on, or listened on when it is down.
    let port: UInt16

    private let loop: EventLoop
    private let accepted: (consuming Descriptor, SocketAddress) -> Void
    private var descriptor: Descriptor?
    private var registration: Registration?

    /// Listens on `port`, 0 for any free one.
    init(
        port: UInt16, on loop: EventLoop, _ accepted: @escaping (consuming Descriptor, SocketAddress) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.accepted = accepted
        let descriptor = try Socket.listen(.loopback(port: port))
        self.port = try Socket.localAddress(descriptor.raw).port
        registration = try loop.register(self, descriptor: descriptor.raw, interest: .readable)
        self.descriptor = consume descriptor
    }

    /// Closes the socket: connections are refused from now on.
    func takeDown() {
        if let registration { loop.deregister(registration) }
        registration = nil
        descriptor = nil
    }

    /// Listens again on the same port; stays down when another process has taken it.
    func bringUp() {
        guard registration == nil, let descriptor = try? Socket.listen(.loopback(port: port)) else { return }
        registration = try? loop.register(self, descriptor: descriptor.raw, interest: .readable)
        self.descriptor = consume descriptor
    }

    func ready(_ readiness: Readiness) {
        while let listener = descriptor?.raw {
            switch Socket.accept(listener) {
            case .connection(let descriptor, let peer): accepted(descriptor, peer)
            case .transient: continue
            case .wouldBlock: return
            case .exhausted: return
            }
        }
    }
}
