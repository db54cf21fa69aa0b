import ArgumentParser
import StandIn

struct BridgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bridge", abstract: "Carries clients of HTTP/1.1 over HTTP/2.",
        discussion: """
            Listens on 127.0.0.1 and makes a stream of each connection that it takes, WebSockets by RFC 8441, on connections to \
            the server. Prints one JSON line when it is ready: the port with TLS, and one without. Ends on SIGTERM.
            """)

    @Option(help: "The server's port on 127.0.0.1.")
    var to: UInt16

    @Option(help: "PEM: who must have issued the server's certificate, which is for localhost.")
    var ca: String

    @Option(help: "PEM: the certificate that clients are shown.")
    var chain: String

    @Option(help: "PEM: its key.")
    var key: String

    func run() throws {
        try BridgeProgram(serverPort: to, authority: ca, chain: chain, key: key).run()
    }
}
