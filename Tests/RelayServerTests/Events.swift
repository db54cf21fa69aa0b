import StandIn
import WebSocket

extension [ClientEvent] {
    /// The code of the close frame among them.
    var closeCode: UInt16? {
        for case .close(let payload) in self { return payload.code?.rawValue }
        return nil
    }

    /// The text messages among them.
    var messages: [JSONValue] {
        compactMap { event in
            guard case .text(let text) = event else { return nil }
            return try? JSONValue(parsing: text)
        }
    }
}
