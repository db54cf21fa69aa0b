import Configuration
import Policy
import StandIn
import Testing
import WebSocket

extension RelayHarbour.Plan {
    /// Makes `edge` a zone that sends back what it hears, for sessions that must not notice what happens to others.
    mutating func makeNeighbours() {
        adjustStandIns("edge") { $0.mode = .echoFrames }
        adjustZone = { zone, _ in if zone.zone == .edge { zone.provider = .generic } }
    }
}

extension RelayHarbour {
    /// A client of the zone that sends back what it hears, open.
    func echoClient() throws -> StandInClient {
        let client = client("umbrella")
        try client.opened()
        return client
    }
}

extension StandInClient {
    /// Sends a text and reads on to its echo; false when the session ends first.
    func roundTrip(_ text: String) throws -> Bool {
        send(text: text)
        return try hears(text)
    }

    fileprivate func hears(_ text: String) throws -> Bool {
        while true {
            switch try event() {
            case .text(text): return true
            case .close, .ended: return false
            default: continue
            }
        }
    }
}

/// Sessions that share the relay's loops with one that misbehaves, and must not notice.
struct Neighbours {
    let clients: [StandInClient]

    /// Enough of them that there is one on each loop.
    init(in harbour: RelayHarbour, count: Int = 8) throws {
        clients = try (0..<count).map { _ in try harbour.echoClient() }
    }

    /// Lets every session send a message and hear it back.
    func goAround(times: Int = 10) throws {
        for number in 0..<times {
            for client in clients { client.send(text: "\(number)") }
            for client in clients { try #require(try client.hears("\(number)")) }
        }
    }

    /// Goes around until `value` stays the same meanwhile; returns it.
    func untilItRests<Value: Equatable>(_ value: () throws -> Value) throws -> Value {
        var last = try value()
        while true {
            try goAround(times: 20)
            let next = try value()
            if next == last { return last }
            last = next
        }
    }
}
