import Glibc

/// TLS records made by the kernel (Linux 4.13, `TCP_ULP`).
package enum KernelTLS {
    /// The kernel offers it, or has loaded the module for this question. Any thread.
    package static var isOffered: Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        let name = "tls"
        let result = setsockopt(socket, Int32(IPPROTO_TCP), TCP_ULP, name, socklen_t(name.utf8.count))
        // A socket that is not connected is refused, but only by a protocol that is there.
        return result == 0 || errno == ENOTCONN
    }
}
