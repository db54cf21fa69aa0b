import CNGHTTP2
import HTTP

/// A response's head as nghttp2 takes it: names in small letters and values, one after the other in one piece of memory.
struct ResponseFields {
    private var text: [UInt8] = []
    private var fields: [(name: Range<Int>, value: Range<Int>)] = []

    /// The fields of `head`, without those that speak of an HTTP/1.1 connection (RFC 9113 §8.2.2): an answer may be
    /// written once for both.
    init(_ head: ResponseHead) {
        append(":status".utf8, String(head.status).utf8)
        for field in head.fields.all {
            let name = field.name.lowercased()
            guard !Self.ofConnections.contains(name) else { continue }
            guard let value = field.value.latin1Bytes else {
                preconditionFailure("a field of ours is not HTTP: \(name)")
            }
            append(name.utf8, value)
        }
    }

    private mutating func append(_ name: some Collection<UInt8>, _ value: some Collection<UInt8>) {
        let start = text.count
        text += name
        let middle = text.count
        text += value
        fields.append((start..<middle, middle..<text.count))
    }

    /// Lends the fields; nghttp2 copies what it keeps.
    mutating func withFields<Result>(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Result) -> Result {
        let fields = fields
        return text.withUnsafeMutableBufferPointer { text in
            let lent = fields.map { name, value in
                nghttp2_nv(
                    name: text.baseAddress.map { $0 + name.lowerBound },
                    value: text.baseAddress.map { $0 + value.lowerBound }, namelen: name.count,
                    valuelen: value.count, flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
            }
            return lent.withUnsafeBufferPointer(body)
        }
    }

    private static let ofConnections: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade",
    ]
}
