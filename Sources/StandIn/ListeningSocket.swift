import Reactor

/// A listening socket that hands over what it accepts. Belongs to its loop.
final class ListeningSocket: EventHandler {
    /// Where it listens, or listened when it is down.
    let address: SocketAddress

    private let loop: EventLoop
    private let accepted: (consuming Descriptor, SocketAddress) -> Void
    private var descriptor: Descriptor?
    private var registration: Registration?

    /// Listens at `address`; port 0 is any free one.
    init(
        at address: SocketAddress, on loop: EventLoop,
        _ accepted: @escaping (consuming Descriptor, SocketAddress) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.accepted = accepted
        let descriptor = try Socket.listen(address)
        self.address = try Socket.localAddress(descriptor.raw)
        registration = try loop.register(self, descriptor: descriptor.raw, interest: .readable)
        self.descriptor = consume descriptor
    }

    var port: UInt16 { address.port }

    /// Closes the socket: connections are refused from now on.
    func takeDown() {
        if let registration { loop.deregister(registration) }
        registration = nil
        descriptor = nil
    }

    /// Listens again on the same port; stays down when another process has taken it.
    func bringUp() {
        guard registration == nil, let descriptor = try? Socket.listen(address) else { return }
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
