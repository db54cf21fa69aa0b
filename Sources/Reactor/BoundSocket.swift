/// A listening socket on its way to whoever accepts from it. Closed with the last who holds it.
package final class BoundSocket: Sendable {
    /// The socket.
    package let descriptor: Descriptor
    /// Where it is bound.
    package let address: SocketAddress
    /// Whether others hold the same socket, and accept from it when this process does not: the service manager that made it,
    /// and every process it started with it.
    package let isShared: Bool

    /// Throws when the system does not know where the socket is bound.
    package init(_ descriptor: consuming Descriptor, isShared: Bool = false) throws(SystemError) {
        address = try Socket.localAddress(descriptor.raw)
        self.descriptor = consume descriptor
        self.isShared = isShared
    }
}
