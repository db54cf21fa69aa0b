import RelayServer
import RelayTestKit
import StandIn
import Testing
import WebSocket

/// Clients that come and go in every phase there is: nothing of them stays.
@Suite("14 Churn", .overEachHTTP, .timeLimit(.minutes(10))) struct Churn {
    @Test(arguments: Seeds.some(1))
    func nothingStaysOfTwoThousandClientsThatComeAndGo(seed: UInt64) throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        var random = SeededGenerator(seed: seed)
        // The first of each kind pay for what is kept on purpose: sessions of TLS, a resolver's answer.
        for phase in Phase.allCases { try phase.comeAndGo(in: harbour) }
        let neighbours = try Neighbours(in: harbour)
        let wanted = OpenSockets(sessions: neighbours.clients.count)
        #expect(OpenSockets.waiting(for: wanted, of: harbour) == wanted)

        for _ in 0..<40 {
            let visits = try (0..<50).map { _ in
                let phase = Phase.allCases.randomElement(using: &random) ?? .connected
                return (phase, try phase.come(to: harbour))
            }
            for (phase, visitor) in visits { try phase.stay(visitor, in: harbour) }
            for (_, visitor) in visits { visitor.go() }
        }
        try neighbours.goAround()
        #expect(OpenSockets.waiting(for: wanted, of: harbour) == wanted)
        #expect(harbour.sessions(comingTo: neighbours.clients.count) == neighbours.clients.count)
    }
}

/// How far a client gets before it goes.
private enum Phase: CaseIterable {
    case connected, secured, halfHead, halfRequestOverTLS, improper, unauthenticated, refused, dialling, unserved
    case relaying, terminated, closed

    func comeAndGo(in harbour: RelayHarbour) throws {
        let visitor = try come(to: harbour)
        try stay(visitor, in: harbour)
        visitor.go()
    }

    /// Does what the client does by itself.
    func come(to harbour: RelayHarbour) throws -> Visitor {
        switch self {
        case .connected: return .wire(try WireClient(port: harbour.port))
        case .secured: return .wire(try harbour.secureWire())
        case .halfHead:
            let wire = try harbour.wire()
            wire.send("GET /v3/ws HTTP/1.1\r\nHost: loc")
            return .wire(wire)
        case .halfRequestOverTLS:
            let wire = try harbour.secureWire()
            wire.send("GET /v3/ws HTT")
            return .wire(wire)
        case .improper:
            let wire = try harbour.wire()
            wire.send("BREW /pot HTCPCP/1.0\r\n\r\n")
            return .wire(wire)
        case .unauthenticated: return .client(harbour.stranger())
        case .refused: return .client(harbour.client("acme", "/us/v3/ws"))
        case .dialling: return .client(harbour.client("globex", "/v3/ws?standin_fault=no-answer"))
        case .unserved: return .client(harbour.client("globex", "/v3/ws?standin_fault=http:503"))
        case .relaying, .terminated: return .client(harbour.client("acme"))
        case .closed: return .client(harbour.client("umbrella"))
        }
    }

    /// Waits until the client is where it wants to be.
    func stay(_ visitor: Visitor, in harbour: RelayHarbour) throws {
        switch (self, visitor) {
        case (.unauthenticated, .client(let client)), (.refused, .client(let client)), (.unserved, .client(let client)):
            _ = try client.toTheEnd()
        case (.dialling, .client(let client)): try client.opened()
        case (.relaying, .client(let client)):
            try client.begun()
            client.send(binary: [UInt8](repeating: 1, count: 3200))
        case (.terminated, .client(let client)):
            try client.begun()
            client.send(text: #"{"type":"Terminate"}"#)
            _ = try client.toTheEnd()
        case (.closed, .client(let client)):
            #expect(try client.roundTrip("hello"))
            client.close(.normal)
            _ = try client.toTheEnd()
        default: break
        }
    }
}

private enum Visitor {
    case wire(WireClient)
    case client(StandInClient)

    /// Goes without a word; those who have said goodbye are gone already.
    func go() {
        switch self {
        case .wire(let wire): wire.reset()
        case .client(let client): client.reset()
        }
    }
}
