import Glibc

/// An IPv4 or IPv6 address with a port.
///
/// An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`, RFC 4291 §2.5.5.2) reaches the IPv4 host and therefore *is* the IPv4
/// address here, so that no rule about addresses can be passed by writing one the other way.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// In host order.
    package let port: UInt16
    private let ip: IP
    /// The interface of a link-local IPv6 address (RFC 4007 §11); 0 for every other.
    private let scope: UInt32

    private enum IP: Hashable {
        case v4(UInt32)
        case v6(high: UInt64, low: UInt64)
    }

    /// The address written as `host`: IPv4 with four parts, or IPv6 with or without the brackets of a URL. `nil` when
    /// `host` is anything else, such as a name.
    package init?(literal host: String, port: UInt16) {
        guard !host.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        var v6 = in6_addr()
        if inet_pton(AF_INET, host, &v4) == 1 {
            self.init(bytes: withUnsafeBytes(of: v4) { Array($0) }, port: port)
        } else if inet_pton(AF_INET6, Self.withoutBrackets(host), &v6) == 1 {
            self.init(bytes: withUnsafeBytes(of: v6) { Array($0) }, port: port)
        } else {
            return nil
        }
    }

    /// The address of 4 (IPv4) or 16 (IPv6) bytes in network order; `nil` for any other count.
    package init?(bytes: [UInt8], port: UInt16) {
        switch bytes.count {
        case 4:
            let word = bytes.withUnsafeBytes { UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self)) }
            self.init(ip: .v4(word), port: port, scope: 0)
        case 16:
            self.init(ip: bytes.withUnsafeBytes { Self.unmapped($0) }, port: port, scope: 0)
        default:
            return nil
        }
    }

    /// The bytes of the IP in network order: 4 or 16.
    package var bytes: [UInt8] {
        switch ip {
        case .v4(let word): withUnsafeBytes(of: word.bigEndian) { Array($0) }
        case .v6(let high, let low): withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
        }
    }

    /// Whether the address is this machine: 127.0.0.0/8 (RFC 1122 §3.2.1.3) or `::1` (RFC 4291 §2.5.3).
    package var isLoopback: Bool {
        switch ip {
        case .v4(let word): word >> 24 == 127
        case .v6(let high, let low): high == 0 && low == 1
        }
    }

    /// The IP as text, without brackets; RFC 5952 form for IPv6.
    package var host: String {
        withSockaddr { address, length in
            withUnsafeTemporaryAllocation(of: CChar.self, capacity: Self.maxHostText) { buffer in
                guard
                    let text = buffer.baseAddress,
                    getnameinfo(address, length, text, socklen_t(Self.maxHostText), nil, 0, NI_NUMERICHOST) == 0
                else { return "?" }
                return String(cString: text)
            }
        }
    }

    /// `127.0.0.1:8443` or `[::1]:8443`.
    package var description: String {
        switch ip {
        case .v4: "\(host):\(port)"
        case .v6: "[\(host)]:\(port)"
        }
    }

    /// The same IP with another port.
    package func with(port: UInt16) -> SocketAddress {
        SocketAddress(ip: ip, port: port, scope: scope)
    }

    /// Room for the longest IPv6 text, `%`, an interface name and the final NUL.
    private static let maxHostText = Int(INET6_ADDRSTRLEN) + 1 + Int(IF_NAMESIZE)

    private static func withoutBrackets(_ host: String) -> String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }
}

// MARK: - To and from the system's structures

extension SocketAddress {
    /// Whether packets go there by IPv6.
    package var isIPv6: Bool {
        switch ip {
        case .v4: false
        case .v6: true
        }
    }

    /// Lends the address to a system call.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        switch ip {
        case .v4(let word):
            let address = sockaddr_in(
                sin_family: sa_family_t(AF_INET), sin_port: port.bigEndian, sin_addr: in_addr(s_addr: word.bigEndian),
                sin_zero: (0, 0, 0, 0, 0, 0, 0, 0))
            return Self.lend(address, to: body)
        case .v6(let high, let low):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_scope_id = scope
            withUnsafeMutableBytes(of: &address.sin6_addr) {
                $0.storeBytes(of: high.bigEndian, as: UInt64.self)
                $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
            }
            return Self.lend(address, to: body)
        }
    }

    /// The address that a system call writes, with that call's own result. The address is `nil` when the call wrote
    /// none or one of another family.
    static func written<Result>(
        by call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> (Result, SocketAddress?) {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { pointer in
            let address = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: sockaddr.self)
            let result = call(address, &length)
            return (result, SocketAddress(address, length))
        }
    }

    /// The address at `address`, of which `length` bytes are valid; `nil` when it is of another family or cut short.
    init?(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) {
        let raw = UnsafeRawBufferPointer(start: address, count: Int(length))
        guard raw.count >= MemoryLayout<sa_family_t>.size else { return nil }
        switch Int32(address.pointee.sa_family) {
        case AF_INET where raw.count >= MemoryLayout<sockaddr_in>.size:
            let v4 = raw.loadUnaligned(as: sockaddr_in.self)
            self.init(ip: .v4(UInt32(bigEndian: v4.sin_addr.s_addr)), port: UInt16(bigEndian: v4.sin_port), scope: 0)
        case AF_INET6 where raw.count >= MemoryLayout<sockaddr_in6>.size:
            let v6 = raw.loadUnaligned(as: sockaddr_in6.self)
            let ip = withUnsafeBytes(of: v6.sin6_addr) { Self.unmapped($0) }
            self.init(ip: ip, port: UInt16(bigEndian: v6.sin6_port), scope: v6.sin6_scope_id)
        default:
            return nil
        }
    }

    private init(ip: IP, port: UInt16, scope: UInt32) {
        self.ip = ip
        self.port = port
        self.scope = scope
    }

    /// The IP of 16 bytes; RFC 4291 §2.5.5.2 for the mapped ones.
    private static func unmapped(_ bytes: UnsafeRawBufferPointer) -> IP {
        let high = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
        let low = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let isMapped = high == 0 && low >> 32 == 0xFFFF
        return isMapped ? .v4(UInt32(truncatingIfNeeded: low)) : .v6(high: high, low: low)
    }

    private static func lend<Address, Result>(
        _ address: Address, to body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<Address>.size)) }
        }
    }
}
