import Bytes
import Crypto
import RelayTestKit
import StandIn
import TLS
import Testing

/// A client and a server back to back in memory.
final class Pair {
    let client: End
    let server: End
    var split: Split

    init(_ client: TLSConnection, _ server: TLSConnection, split: Split = .whole) {
        self.client = End(client)
        self.server = End(server)
        self.split = split
    }

    /// A pair whose client dials `name`.
    convenience init(
        client: TLSClientContext, server: TLSServerContext, name: String = "relay.test", key: String = "endpoint",
        split: Split = .whole
    ) throws {
        let connection = try TLSConnection(client: client, serverName: name, sessionKey: key)
        self.init(connection, TLSConnection(server: server), split: split)
    }

    /// Begins the handshake and carries bytes until both have nothing more to say.
    @discardableResult
    func handshake() throws -> Pair {
        try client.connection.start(output: &client.outgoing)
        carry()
        return self
    }

    /// Carries bytes both ways until both have nothing more to say. What an end throws stays in its `error`.
    func carry() {
        while !client.outgoing.isEmpty || !server.outgoing.isEmpty {
            server.receive(client.takeOutgoing(), split: &split)
            client.receive(server.takeOutgoing(), split: &split)
        }
    }
}

/// One connection with what it has received and has yet to send.
final class End {
    let connection: TLSConnection
    var outgoing = ByteQueue()
    private(set) var received: [UInt8] = []
    private(set) var handshakesCompleted = 0
    private(set) var error: TLSError?
    var outgoingCount: Int { outgoing.count }

    init(_ connection: TLSConnection) {
        self.connection = connection
    }

    func send(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try connection.send($0, output: &outgoing) }
    }

    func close() {
        connection.close(output: &outgoing)
    }

    func receive(_ bytes: [UInt8], split: inout Split) {
        var rest = bytes[...]
        while !rest.isEmpty, error == nil {
            let count = split.next(of: rest.count)
            receive(rest.prefix(count))
            rest = rest.dropFirst(count)
        }
    }

    func receive(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        var plaintext = [UInt8](repeating: 0, count: bytes.count + TLSConnection.plaintextReserve)
        do {
            let progress = try bytes.withUnsafeBytes { bytes in
                try plaintext.withUnsafeMutableBytes { plaintext in
                    try connection.receive(bytes, plaintext: plaintext, output: &outgoing)
                }
            }
            received += plaintext.prefix(progress.plaintextCount)
            handshakesCompleted += progress.handshakeCompleted ? 1 : 0
        } catch {
            self.error = error as? TLSError
        }
    }

    func takeOutgoing() -> [UInt8] {
        let bytes = outgoing.withUnsafeBytes { Array($0) }
        outgoing.consume(bytes.count)
        return bytes
    }
}

/// Where a stream of bytes is cut.
enum Split: CustomTestStringConvertible {
    case whole
    case oneByte
    case random(SeededGenerator)

    /// The size of the next piece, 1 to `count`.
    mutating func next(of count: Int) -> Int {
        switch self {
        case .whole: return min(count, 65_536)
        case .oneByte: return 1
        case .random(var generator):
            defer { self = .random(generator) }
            return Int.random(in: 1...min(count, 3000), using: &generator)
        }
    }

    static let some: [Split] = [.whole, .oneByte] + (1...4).map { .random(SeededGenerator(seed: $0)) }

    var testDescription: String {
        switch self {
        case .whole: "whole"
        case .oneByte: "one byte at a time"
        case .random(let generator): "random, seed \(generator.seed)"
        }
    }
}

/// An authority, and contexts that go with it.
struct House {
    let authority = ThrowawayAuthority(name: "Throwaway authority")

    func certificate(
        _ names: [String] = ["relay.test"], validity: ThrowawayAuthority.Validity = .current
    ) throws -> TLSCertificate {
        try TLSCertificate(authority.issue(names: names, validity: validity))
    }

    func trust() throws -> TrustStore {
        try TrustStore(pem: authority.certificatePEM)
    }

    func client(
        minimumVersion: TLSVersion = .tls12, certificate: TLSCertificate? = nil, records: RecordLayer = .openSSL
    ) throws -> TLSClientContext {
        try TLSClientContext(
            trust: trust(), minimumVersion: minimumVersion, certificate: certificate, records: records)
    }

    func server(
        _ certificates: TLSCertificate..., protocols: [String] = ["http/1.1"], records: RecordLayer = .openSSL
    ) throws -> TLSServerContext {
        let certificates = try certificates.isEmpty ? [certificate()] : certificates
        return try TLSServerContext(certificates: certificates, protocols: protocols, records: records)
    }
}

extension TLSCertificate {
    convenience init(_ issued: ThrowawayAuthority.Issued) throws(TLSError) {
        try self.init(chainPEM: issued.chainPEM, keyPEM: Secret(issued.keyPEM), mayBeExpired: true)
    }
}
