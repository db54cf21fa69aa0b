import COpenSSL
import Glibc
import Reactor
import StandIn
import Testing
import WebSocket

/// A client whose every byte is the story's own: a socket, TLS or none, and nothing that knows HTTP or WebSocket.
///
/// All calls block; what should have come long ago is a failure.
final class WireClient {
    /// How it speaks TLS.
    struct Security {
        /// The name asked for; nil for none.
        var serverName: String? = "localhost"
        /// What it offers (RFC 7301); empty for no offer at all.
        var protocols: [String] = []
        /// What it shows of itself: files of a chain and its key. It speaks TLS 1.2 then, whose handshake is over for both
        /// at once.
        var certificate: (chain: String, key: String)?
    }

    /// How the relay ended the connection.
    enum End: Equatable {
        /// A FIN, after close_notify where there is TLS.
        case finished
        /// A FIN without close_notify.
        case cut
        case reset
        /// It did not, as long as anybody waited.
        case none
    }

    private var socket: Int32
    private let context: OpaquePointer?
    private let ssl: OpaquePointer?
    /// Received and not read yet.
    private var buffer: [UInt8] = []
    private(set) var end: End?

    /// Connects, and shakes hands when there is TLS. Certificates are not looked at.
    ///
    /// - Parameters:
    ///   - source: the address it comes from, one of loopback's.
    ///   - preamble: what a balancer sends before TLS.
    init(
        port: UInt16, _ security: Security? = nil, from source: String? = nil, behind preamble: [UInt8] = []
    ) throws {
        Signals.ignoreBrokenPipes()
        socket = try Self.connect(port, from: source)
        if !preamble.isEmpty { _ = Glibc.send(socket, preamble, preamble.count, 0) }
        guard let security else {
            (context, ssl) = (nil, nil)
            return
        }
        context = SSL_CTX_new(TLS_client_method())
        if let certificate = security.certificate {
            SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
            SSL_CTX_use_certificate_chain_file(context, certificate.chain)
            SSL_CTX_use_PrivateKey_file(context, certificate.key, SSL_FILETYPE_PEM)
        }
        ssl = SSL_new(context)
        if let name = security.serverName { _ = shim_SSL_set_tlsext_host_name(ssl, name) }
        let offer = security.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !offer.isEmpty { SSL_set_alpn_protos(ssl, offer, UInt32(offer.count)) }
        SSL_set_fd(ssl, socket)
        try #require(SSL_connect(ssl) == 1)
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
        if socket >= 0 { close(socket) }
    }

    /// Whether nobody listens at the port.
    static func isRefused(port: UInt16) -> Bool {
        guard let (descriptor, result) = connected(to: port) else { return false }
        close(descriptor)
        return result == ECONNREFUSED
    }

    private static func connect(_ port: UInt16, from source: String?) throws -> Int32 {
        let (descriptor, result) = try #require(connected(to: port, from: source))
        try #require(result == 0)
        return descriptor
    }

    /// A socket, and what came of connecting it: 0 or the error's number.
    private static func connected(
        to port: UInt16, from source: String? = nil
    ) -> (descriptor: Int32, result: Int32)? {
        let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        var patience = timeval(tv_sec: Int(RelayHarbour.patience.components.seconds), tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        if let source { _ = lend(source, 0) { bind(descriptor, $0, $1) } }
        let result = lend("127.0.0.1", port) { Glibc.connect(descriptor, $0, $1) }
        return (descriptor, result == 0 ? 0 : errno)
    }

    /// Lends an address to a system call.
    private static func lend(
        _ host: String, _ port: UInt16, to call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

extension WireClient {
    /// The protocol the relay chose (RFC 7301).
    var negotiatedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        return count == 0 ? nil : String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// Borrowed; nil without TLS.
    var peerCertificate: OpaquePointer? { SSL_get0_peer_certificate(ssl) }

    /// Whether the relay's certificate is for this name.
    func hasCertificate(for name: String) -> Bool {
        X509_check_host(peerCertificate, name, name.utf8.count, 0, nil) == 1
    }
}

// MARK: - Sending

extension WireClient {
    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { rest -> Int in
                guard let ssl else { return Glibc.send(socket, rest.baseAddress, rest.count, 0) }
                return Int(SSL_write(ssl, rest.baseAddress, Int32(clamping: rest.count)))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends a frame as a client does.
    func send(_ opcode: Opcode, fin: Bool = true, _ payload: [UInt8]) {
        send(FrameSerializer.frame(opcode: opcode, payload: payload, mask: 0x1234_5678, fin: fin))
    }

    /// Sends a session's request for a client with this key, and further lines.
    func request(_ target: String = "/v3/ws", key: String, _ lines: String...) {
        send(Self.head(target, lines: ["Authorization: \(key)"] + lines))
    }

    /// A proper request's head, with further lines.
    static func head(
        _ target: String = "/v3/ws", host: String = "localhost", lines: [String] = []
    ) -> String {
        let handshake = [
            "GET \(target) HTTP/1.1", "Host: \(host)", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        ]
        return (handshake + lines).map { $0 + "\r\n" }.joined() + "\r\n"
    }

    /// Says that nothing more comes: close_notify and FIN.
    func finish() {
        if let ssl { SSL_shutdown(ssl) }
        shutdown(socket, Int32(SHUT_WR))
    }

    /// Ends with a FIN alone.
    func cut() { shutdown(socket, Int32(SHUT_WR)) }

    /// Ends with a reset.
    func reset() {
        var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
        close(socket)
        socket = -1
    }
}

// MARK: - Receiving

extension WireClient {
    /// A frame as it came.
    struct Frame: Equatable {
        var first: UInt8
        var isMasked: Bool
        var payload: [UInt8]

        var opcode: Opcode? { Opcode(rawValue: first & 0x0F) }
        var text: String { String(decoding: payload, as: UTF8.self) }
        /// The code of a close frame that has one.
        var code: UInt16? { payload.count < 2 ? nil : UInt16(payload[0]) << 8 | UInt16(payload[1]) }
        /// The reason of a close frame.
        var reason: String { String(decoding: payload.dropFirst(2), as: UTF8.self) }
    }

    /// Reads up to and including `mark`.
    func read(through mark: String) throws -> String {
        let mark = Array(mark.utf8)
        while true {
            if let range = buffer.firstRange(of: mark) {
                defer { buffer.removeFirst(range.upperBound) }
                return String(decoding: buffer[..<range.upperBound], as: UTF8.self)
            }
            try #require(fill(), "only \(String(decoding: buffer, as: UTF8.self)) came")
        }
    }

    /// Reads a head with its blank line.
    func readHead() throws -> String { try read(through: "\r\n\r\n") }

    /// Reads exactly so many bytes.
    func read(_ count: Int) throws -> [UInt8] {
        while buffer.count < count { try #require(fill(), "\(buffer.count) of \(count) bytes came") }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// Reads what has come, or comes next.
    func readSome() throws -> [UInt8] {
        if buffer.isEmpty { try #require(fill(), "nothing came") }
        defer { buffer = [] }
        return buffer
    }

    /// Reads one frame.
    func readFrame() throws -> Frame {
        let start = try read(2)
        var length = Int(start[1] & 0x7F)
        if length >= 126 {
            length = try read(length == 126 ? 2 : 8).reduce(0) { $0 << 8 | Int($1) }
        }
        let isMasked = start[1] & 0x80 != 0
        if isMasked { _ = try read(4) }
        return Frame(first: start[0], isMasked: isMasked, payload: try read(length))
    }

    /// Reads one frame, unless the connection ends before it does.
    func nextFrame() -> Frame? {
        while buffer.isEmpty { guard fill() else { return nil } }
        return try? readFrame()
    }

    /// Reads until the relay ends the connection, and returns what came.
    func readToEnd() -> [UInt8] {
        while fill() {}
        defer { buffer = [] }
        return buffer
    }

    /// Whether something has come that is not read yet, or the connection is over.
    var hasNews: Bool {
        var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1
    }

    /// Takes in more; false when the connection is over or nothing comes.
    private func fill() -> Bool {
        guard end == nil else { return false }
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        let count: Int
        if let ssl {
            count = Int(SSL_read(ssl, &piece, Int32(piece.count)))
        } else {
            count = recv(socket, &piece, piece.count, 0)
        }
        guard count > 0 else {
            end = reason(count)
            ERR_clear_error()
            return false
        }
        buffer += piece[..<count]
        return true
    }

    private func reason(_ result: Int) -> End {
        let code = errno
        if let ssl {
            switch SSL_get_error(ssl, Int32(result)) {
            case SSL_ERROR_ZERO_RETURN: return .finished
            case SSL_ERROR_SSL: return .cut
            default: break
            }
        } else if result == 0 {
            return .finished
        }
        return code == ECONNRESET || code == EPIPE ? .reset : .none
    }
}

extension RelayHarbour {
    /// A connection to the plain listener.
    func wire() throws -> WireClient { try WireClient(port: plainPort) }

    /// A connection with TLS.
    func secureWire(_ security: WireClient.Security = .init()) throws -> WireClient {
        try WireClient(port: port, security)
    }
}
