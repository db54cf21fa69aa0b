import Policy
import RelayCore
import Timing

/// In what order sessions are listed: `sort=tenant`, or `sort=-tenant` for the reverse.
struct SessionOrder: Equatable, Sendable {
    var key = Key.id
    var isDescending = false

    /// What they are sorted by.
    enum Key: String, CaseIterable, Sendable {
        case id
        /// When its request came.
        case since
        case tenant
        case zone
        case bytesUp = "bytes_up"
        case bytesDown = "bytes_down"
    }

    init() {}

    /// Nil for what is no order.
    init?(_ text: String) {
        guard let key = Key(rawValue: text.hasPrefix("-") ? String(text.dropFirst()) : text) else { return nil }
        self.key = key
        isDescending = text.hasPrefix("-")
    }

    func place(of session: LiveRecord) -> SessionPlace {
        let summary = session.summary
        var place = SessionPlace(id: summary.id)
        switch key {
        case .id: break
        case .since: place.number = session.startedAt.nanoseconds
        case .tenant: place.text = summary.tenant?.text ?? ""
        case .zone: place.text = summary.zone?.name ?? ""
        case .bytesUp: place.number = summary.up.bytes
        case .bytesDown: place.number = summary.down.bytes
        }
        return place
    }

    /// Whether the first comes before the second.
    func areInOrder(_ first: SessionPlace, _ second: SessionPlace) -> Bool {
        isDescending ? second < first : first < second
    }
}

/// Where a session stands in a list, so that the next page can begin behind it although the list has changed meanwhile.
struct SessionPlace: Comparable, Sendable {
    var number: UInt64 = 0
    var text = ""
    let id: String

    init(id: String) {
        self.id = id
    }

    /// Reads what `cursor` wrote; nil for anything else.
    init?(cursor: String) {
        let parts = cursor.split(separator: "~", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: self.init(id: cursor)
        case 3:
            guard let number = UInt64(parts[0]) else { return nil }
            self.init(id: String(parts[2]))
            (self.number, text) = (number, String(parts[1]))
        default: return nil
        }
    }

    /// Names of tenants and zones hold no `~`.
    var cursor: String { number == 0 && text.isEmpty ? id : "\(number)~\(text)~\(id)" }

    static func < (left: SessionPlace, right: SessionPlace) -> Bool {
        (left.number, left.text, left.id) < (right.number, right.text, right.id)
    }
}
