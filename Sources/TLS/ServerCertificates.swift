import COpenSSL

/// Which context answers for which server name.
final class ServerCertificates: Sendable {
    /// For clients that name no server, or one that is not here.
    let first: SharedContext
    private let byName: [String: SharedContext]

    /// Where two certificates are for the same name, the earlier one has it.
    init(_ contexts: [(names: [String], context: SharedContext)], first: SharedContext) {
        self.first = first
        let pairs = contexts.flatMap { entry in entry.names.map { ($0, entry.context) } }
        byName = Dictionary(pairs, uniquingKeysWith: { earlier, _ in earlier })
        // The others need no callback: connections are made from `first`, and OpenSSL asks that one.
        shim_SSL_CTX_set_tlsext_servername_callback(
            first.pointer, selectCertificate, Unmanaged.passUnretained(self).toOpaque())
    }

    /// The context for `name`: one that lists it, else one that lists the wildcard in place of its first label.
    func context(for name: String) -> SharedContext? {
        let name = name.lowercased()
        if let exact = byName[name] { return exact }
        // RFC 9525 §6.3: a wildcard stands for exactly one whole label, the leftmost.
        guard let dot = name.firstIndex(of: "."), dot > name.startIndex else { return nil }
        return byName["*" + name[dot...]]
    }
}

/// OpenSSL's question when it has read the client's server name. A plain function, so that no actor is asked for.
private func selectCertificate(
    _ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?, _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let argument, let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else {
        return SSL_TLSEXT_ERR_NOACK
    }
    let certificates = Unmanaged<ServerCertificates>.fromOpaque(argument).takeUnretainedValue()
    guard let context = certificates.context(for: String(cString: name)) else { return SSL_TLSEXT_ERR_NOACK }
    SSL_set_SSL_CTX(ssl, context.pointer)
    return SSL_TLSEXT_ERR_OK
}
