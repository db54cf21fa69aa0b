import Crypto
import Reactor
import TLS

/// The stand-in as a program: zones with throwaway keys and certificates, until a signal ends it.
package struct StandInProgram: Sendable {
    /// Names of the zones, in order.
    package var zones = ["us", "eu", "edge"]
    /// Port of the first zone, the others following; 0 for any free ones.
    package var portBase: UInt16 = 0
    /// The address of a zone, by its name; a zone without one listens on 127.0.0.1.
    package var addresses: [String: String] = [:]
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
        let end = try StopSignal()
        let running = try start()
        printLine(running.facts.text)
        end.wait()
        running.stop()
    }

    /// A program that was started.
    package struct Running: Sendable {
        /// Ports and keys of the zones, the control door, and the files of certificates.
        package let facts: JSONValue
        /// The stand-in itself.
        package let server: StandInServer
        /// The key each zone knows.
        package let keys: [String: String]
        /// PEM files: the authority, and what it issued.
        package let certificates: CertificateFolder

        /// The port of each zone.
        package var ports: [String: UInt16] { server.ports }

        /// Ends everything and removes what was temporary.
        package func stop() {
            server.stop()
            certificates.removeIfTemporary()
        }
    }

    /// Starts and returns at once.
    package func start() throws -> Running {
        let folder = try CertificateFolder(certificates)
        let keys = Dictionary(zones.map { ($0, self.keys[$0] ?? Hex.encode(RandomBytes.make(16))) }) { first, _ in first
        }
        let server = try StandInServer(zones: try makeZones(keys, folder), controlPort: controlPort)
        return Running(facts: facts(server, keys, folder), server: server, keys: keys, certificates: folder)
    }

    private func makeZones(_ keys: [String: String], _ folder: CertificateFolder) throws -> [StandInZone] {
        let tls: TLSServerContext? =
            isPlain ? nil : try .provider(TLSCertificate(chainFile: folder.zones.chain, keyFile: folder.zones.key))
        return try zones.enumerated().map { index, name in
            var zone = pattern
            zone.name = name
            zone.address = try address(
                of: name, port: portBase == 0 ? 0 : UInt16(clamping: Int(portBase) + index))
            zone.keys = ProviderKeys([(name, keys[name] ?? "")])
            zone.tls = tls
            return zone
        }
    }

    private func address(of zone: String, port: UInt16) throws(NoAddress) -> SocketAddress {
        guard let text = addresses[zone] else { return .loopback(port: port) }
        guard let address = SocketAddress(literal: text, port: port) else { throw NoAddress(text: text) }
        return address
    }

    /// A text that is no IPv4 or IPv6 address.
    package struct NoAddress: Error, CustomStringConvertible {
        let text: String
        package var description: String { "'\(text)' is no address" }
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
