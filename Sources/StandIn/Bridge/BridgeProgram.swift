import Glibc
import Reactor
import TLS

/// A bridge as a program, until a signal ends it.
package struct BridgeProgram: Sendable {
    private let serverPort: UInt16
    private let authority: String
    private let chain: String
    private let key: String

    /// A bridge to `serverPort` on 127.0.0.1. The files are PEM: who issued the server's certificate, and what clients are
    /// shown.
    package init(serverPort: UInt16, authority: String, chain: String, key: String) {
        self.serverPort = serverPort
        self.authority = authority
        self.chain = chain
        self.key = key
    }

    /// Starts, prints one JSON line that says where it listens, and returns when SIGTERM or SIGINT comes.
    ///
    /// Throws what is wrong with the files, or with the machine.
    package func run() throws {
        let end = try StopSignal()
        let bridge = try start()
        let ports: JSONValue = ["port": JSONValue(bridge.ports[0]), "plainPort": JSONValue(bridge.ports[1])]
        printLine(ports.text)
        end.wait()
        bridge.stop()
    }

    /// A bridge with a door with TLS and one without.
    func start() throws -> HTTP2Bridge {
        let trust = try TLSClientContext(trust: TrustStore(file: authority), protocols: ["h2"])
        let door = try TLSServerContext(certificates: [TLSCertificate(chainFile: chain, keyFile: key)])
        return try HTTP2Bridge(to: .loopback(port: serverPort), trust: trust, doors: [door, nil])
    }
}
