import HTTP
import Reactor
import StandIn
import TLS
import Testing

/// A stand-in with one zone named `eu`, key `KEY` named `main`, and a loop for clients. Stops both when it goes.
final class TestBed {
    let server: StandInServer
    let clients: ClientLoop
    private let trust: TLSClientContext?

    init(isSecure: Bool = false, _ adjust: (inout StandInZone) -> Void = { _ in }, controlPort: UInt16? = nil) throws {
        var zone = StandInZone("eu", keys: ProviderKeys([("main", "KEY")]))
        if isSecure {
            let authority = ThrowawayAuthority(name: "Test")
            zone = try StandInZone("eu", keys: zone.keys, issuedBy: authority, names: ["localhost"])
            trust = try TLSClientContext(trust: TrustStore(pem: authority.certificatePEM))
        } else {
            trust = nil
        }
        adjust(&zone)
        server = try StandInServer(zones: [zone], controlPort: controlPort)
        clients = try ClientLoop()
    }

    deinit {
        clients.stop()
        server.stop()
    }

    var port: UInt16 { server.ports["eu"] ?? 0 }

    /// A client of `/v3/ws` with this query and the zone's key.
    func client(
        _ query: String = "", path: String = "/v3/ws", fields: HeaderFields = ["Authorization": "KEY"],
        _ adjust: (inout ClientRequest) -> Void = { _ in }
    ) -> StandInClient {
        var request = ClientRequest(
            port: port, target: query.isEmpty ? path : "\(path)?\(query)", fields: fields, tls: trust)
        adjust(&request)
        return StandInClient(request, on: clients)
    }

    /// An answer over plain HTTP.
    func get(
        _ target: String, method: String = "GET", port: UInt16? = nil, fields: HeaderFields = [:], body: [UInt8] = []
    ) throws -> (status: Int, body: JSONValue) {
        var request = ClientRequest(
            port: port ?? self.port, target: target, fields: fields, tls: port == nil ? trust : nil)
        request.isUpgrade = false
        request.method = method
        let client = StandInClient(request, on: clients)
        client.send(raw: body)
        guard case .answered(let head, let body) = client.next() else {
            throw Unanswered()
        }
        return (head.status, try JSONValue(parsing: String(decoding: body, as: UTF8.self)))
    }

    /// Waits until the ledger's first session is as `isDone` says, and returns it.
    func session(
        until isDone: @escaping (Ledger.Session) -> Bool = { $0.connectionEnd != nil }
    ) throws -> Ledger.Session {
        try #require(server.ledger.wait(upTo: .seconds(5)) { $0.sessions.first { isDone($0) } })
    }

    struct Unanswered: Error {}
}

extension StandInClient {
    /// The next message as JSON, when it is a text.
    func message() throws -> JSONValue {
        guard case .text(let text) = next() else { throw TestBed.Unanswered() }
        return try JSONValue(parsing: text)
    }

    /// Reads the 101 and `Begin`.
    func begin() throws {
        guard case .opened = next() else { throw TestBed.Unanswered() }
        #expect(try message()["type"] == "Begin")
    }
}
