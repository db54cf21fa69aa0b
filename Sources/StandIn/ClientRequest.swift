import HTTP
import Reactor
import TLS

/// What a stand-in client asks for, and where.
package struct ClientRequest: Sendable {
    /// Where it connects to.
    package var address: SocketAddress
    /// Nil for plain TCP.
    package var tls: TLSClientContext?
    /// The name in TLS and in `Host`.
    package var serverName = "localhost"
    /// Path and query, as they go on the wire.
    package var target = "/v3/ws"
    /// Behind those of the handshake.
    package var fields: HeaderFields = [:]
    /// False for a plain request, such as a token's.
    package var isUpgrade = true
    /// The method of a plain request.
    package var method = "GET"
    /// False for a client that leaves close frames without answer.
    package var answersClose = true

    /// A request to a port on 127.0.0.1.
    package init(port: UInt16, target: String = "/v3/ws", fields: HeaderFields = [:], tls: TLSClientContext? = nil) {
        address = .loopback(port: port)
        self.target = target
        self.fields = fields
        self.tls = tls
    }
}

extension SocketAddress {
    /// 127.0.0.1 with this port.
    static func loopback(port: UInt16) -> SocketAddress {
        guard let address = SocketAddress(bytes: [127, 0, 0, 1], port: port) else {
            preconditionFailure("four bytes are an address")
        }
        return address
    }
}
