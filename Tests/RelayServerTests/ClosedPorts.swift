import Glibc
import Reactor

/// Ports of 127.0.0.1 on which nobody listens and nobody else can while this lives: connections are refused.
final class ClosedPorts {
    private var sockets: [Int32] = []

    /// Another such port: a socket is bound to it and never listens.
    func reserve() throws -> UInt16 {
        let raw = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard raw >= 0 else { throw SystemError.last("socket") }
        sockets.append(raw)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(raw, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SystemError.last("bind") }
        return try Socket.localAddress(raw).port
    }

    deinit {
        for socket in sockets { close(socket) }
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
