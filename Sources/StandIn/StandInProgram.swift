import Crypto
import Glibc
import Reactor
import TLS

/// The stand-in as a program: zones with throwaway keys and certificates, until a signal ends it.
package struct StandInProgram: Sendable {
    /// Names of the zones, in order.
    package var zones = ["us", "eu", "edge"]
    /// Port of the first zone, the others following; 0 for any free ones.
    package var portBase: UInt16 = 0
    /// Port of the control door; 0 for any free one.
    package var controlPort: UInt16 = 0
    /// Keys by zone; a zone without one gets a random one.
    package var keys: [String: String] = [:]
    /// Where certificates are, or are made; nil for a new temporary directory, which goes when the program does.
    package var certificates: String?
    /// What every zone is, but for its name, port, keys and certificate.
    package var pattern = StandInZone("", keys: ProviderKeys([]))
    /// Whether the zones speak `ws://`.
    package var isPlain = false

    /// The program with its defaults.
    package init() {}

    /// Starts, prints one JSON line that says where everything is, and returns when SIGTERM or SIGINT comes.
    package func run() throws {
        let end = Monitor(false)
        try Signals.watch([SIGTERM, SIGINT]) { _ in end.update { $0 = true } }
        Signals.ignoreBrokenPipes()
        let running = try start()
        Self.printLine(running.facts.text)
        while end.wait(upTo: .seconds(3600), until: { $0 ? true : nil }) == nil {}
        running.stop()
    }

    /// A program that was started.
    package struct Running: Sendable {
        /// Ports and keys of the zones, the control door, and the files of certificates.
        package let facts: JSONValue
        /// The stand-in itself.
        package let server: StandInServer
        fileprivate let folder: CertificateFolder

        /// Ends everything and removes what was temporary.
        package func stop() {
            server.stop()
            folder.removeIfTemporary()
        }
    }

    /// Starts and returns at once.
    package func start() throws -> Running {
        let folder = try CertificateFolder(certificates)
        let keys = Dictionary(zones.map { ($0, self.keys[$0] ?? Hex.encode(RandomBytes.make(16))) }) { first, _ in first
        }
        let server = try StandInServer(zones: try makeZones(keys, folder), controlPort: controlPort)
        return Running(facts: facts(server, keys, folder), server: server, folder: folder)
    }

    /// Prints at once: standard output to a pipe would wait until the buffer is full.
    private static func printLine(_ line: String) {
        let bytes = Array(line.utf8) + [UInt8(ascii: "\n")]
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }

    private func makeZones(_ keys: [String: String], _ folder: CertificateFolder) throws(TLSError) -> [StandInZone] {
        let tls: TLSServerContext? =
            isPlain ? nil : try .provider(TLSCertificate(chainFile: folder.zones.chain, keyFile: folder.zones.key))
        return zones.enumerated().map { index, name in
            var zone = pattern
            zone.name = name
            zone.port = portBase == 0 ? 0 : UInt16(clamping: Int(portBase) + index)
            zone.keys = ProviderKeys([(name, keys[name] ?? "")])
            zone.tls = tls
            return zone
        }
    }

    private func facts(_ server: StandInServer, _ keys: [String: String], _ folder: CertificateFolder) -> JSONValue {
        let zones = zones.map { name in
            JSONValue.Member(name, ["port": JSONValue(server.ports[name] ?? 0), "key": JSONValue(keys[name])])
        }
        return [
            "zones": .object(zones), "port": JSONValue(server.ports[self.zones.first ?? ""] ?? 0),
            "scheme": isPlain ? "ws" : "wss", "control": .string("http://127.0.0.1:\(server.controlPort ?? 0)"),
            "ca": .string(folder.authority), "relayCertificate": .string(folder.relay.chain),
            "relayKey": .string(folder.relay.key),
        ]
    }
}

/// A directory with an authority's certificate, one for the zones and one for a relay, all for `localhost`.
private struct CertificateFolder: Sendable {
    let authority: String
    let zones: (chain: String, key: String)
    let relay: (chain: String, key: String)
    private let temporary: String?

    /// Uses what is in `path`; makes it when there is nothing, or when no path is given.
    init(_ path: String?) throws {
        let folder = try path ?? Self.makeTemporary()
        temporary = path == nil ? folder : nil
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw SystemError.last("mkdir") }
        authority = "\(folder)/ca.crt"
        zones = ("\(folder)/zones.crt", "\(folder)/zones.key")
        relay = ("\(folder)/relay.crt", "\(folder)/relay.key")
        if access(authority, R_OK) != 0 { try Self.fill(folder) }
    }

    func removeIfTemporary() {
        guard let temporary else { return }
        for file in [authority, zones.chain, zones.key, relay.chain, relay.key] { unlink(file) }
        rmdir(temporary)
    }

    private static func fill(_ folder: String) throws(ThrowawayAuthority.CannotWrite) {
        let authority = ThrowawayAuthority(name: "Stand-in")
        for name in ["zones", "relay"] {
            _ = try authority.issue(names: ["localhost", "127.0.0.1"]).write(to: folder, name: name)
        }
        // Last, because its presence says that the others are there.
        _ = try authority.write(to: folder, name: "ca")
    }

    private static func makeTemporary() throws(SystemError) -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        let name = "\(parent)/tidegate-standin-\(Hex.encode(RandomBytes.make(8)))"
        guard mkdir(name, 0o700) == 0 else { throw .last("mkdir") }
        return name
    }
}
