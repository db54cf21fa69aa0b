/// What a Redis server answers to one command (RESP, version 2 of the protocol).
package indirect enum RedisReply: Equatable, Sendable {
    /// A word of the server's own, such as `OK`.
    case status(String)
    /// The command failed. The first word says how.
    case error(String)
    case integer(Int)
    case bulk([UInt8])
    /// There is no such value.
    case null
    case array([RedisReply])

    /// The number, if it is one.
    package var integer: Int? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// The text of a bulk string or a status.
    package var text: String? {
        switch self {
        case .bulk(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        default: nil
        }
    }

    /// The items, if it is an array.
    package var items: [RedisReply]? {
        if case .array(let items) = self { items } else { nil }
    }

    /// The first word of an error, such as `NOAUTH`: one of a closed list in all but name, so it is kept to what such a word
    /// may be. The rest may repeat what was sent.
    package var errorWord: String? {
        guard case .error(let text) = self else { return nil }
        let word = text.utf8.prefix { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }.prefix(20)
        return word.isEmpty ? "ERR" : String(decoding: word, as: UTF8.self)
    }
}
