import HTTP
import StandIn
import WebSocket

extension [ClientEvent] {
    /// The code of the close frame among them.
    var closeCode: UInt16? {
        for case .close(let payload) in self { return payload.code?.rawValue }
        return nil
    }

    /// The refusal that was told over HTTP, if one was.
    var refusal: (status: Int, sentence: String?)? {
        for case .answered(let head, let body) in self {
            return (head.status, try? JSONValue(parsing: String(decoding: body, as: UTF8.self))["detail"]?.string)
        }
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
