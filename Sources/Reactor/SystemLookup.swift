import CLinux
import Glibc

/// The system's resolver: hosts file, name servers, and whatever else nsswitch.conf(5) names.
package enum SystemLookup {
    /// The IPv4 and IPv6 addresses of `name` with port 0, in the order of RFC 6724, at most `Resolver.maxAddresses`.
    /// Blocks for as long as the system's resolver does.
    package static func addresses(of name: String) -> Resolver.Answer {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        // No IPv6 addresses where this machine has none itself, and the reverse.
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else { return .failure(error(code)) }
        defer { freeaddrinfo(list) }
        let found = addresses(in: list)
        return found.isEmpty ? .failure(.notFound) : .success(found)
    }

    private static func addresses(in list: UnsafeMutablePointer<addrinfo>?) -> [SocketAddress] {
        var found: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee, found.count < Resolver.maxAddresses {
            if let address = entry.ai_addr.flatMap({ SocketAddress($0, entry.ai_addrlen) }), !found.contains(address) {
                found.append(address)
            }
            next = entry.ai_next
        }
        return found
    }

    private static func error(_ code: Int32) -> ResolveError {
        switch code {
        case EAI_NONAME, CLINUX_EAI_NODATA: .notFound
        case EAI_AGAIN: .temporary
        default: .failed(String(cString: gai_strerror(code)))
        }
    }
}
