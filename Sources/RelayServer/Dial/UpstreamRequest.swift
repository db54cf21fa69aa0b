import Configuration
import Crypto
import HTTP
import Policy
import WebSocket

/// What of a client's request may reach an upstream: its query without Tidegate's own parameters and with what policy sets,
/// and the fields on the list. Everything else of the upstream's request is made anew, and nothing in it says who the client is.
struct UpstreamRequest {
    private var target: RequestTarget
    private var fields: HeaderFields

    /// Fields passed on: the provider's API version, which changes what the session means (the provider's contract, section 4).
    static let passedFields = ["AssemblyAI-Version"]

    init(_ head: RequestHead) {
        target = head.target.removing(parameters: Set(ParameterName.own.map(\.description)))
        var fields = HeaderFields()
        for name in Self.passedFields {
            if let value = head.fields.first(name) { fields.append(name, value) }
        }
        self.fields = fields
    }

    /// The same request with the parameters that policy sets: whatever the client sent under their names is gone, and each
    /// stands once, behind everything else.
    func setting(_ parameters: [(name: ParameterName, value: String)]) -> UpstreamRequest {
        var request = self
        for (name, value) in parameters { request.target = request.target.setting(name.description, to: value) }
        return request
    }

    /// The same request, in a trace of the relay's own; nil: in none. A client's never gets here: it is not on the list.
    func naming(traceparent: String?) -> UpstreamRequest {
        guard let traceparent else { return self }
        var request = self
        request.fields.append("traceparent", traceparent)
        return request
    }

    /// The opening handshake's bytes, with the provider's key in its last field: a secret as the key is. Nil when it cannot be
    /// written as HTTP.
    func head(for endpoint: Endpoint, key: String, providerKey: Secret, in keyHeader: KeyHeader) -> Secret? {
        do {
            var fields = fields
            fields.append("User-Agent", "tidegate")
            fields.append(keyHeader.name, keyHeader.before + keyHeader.after)
            let head = OpeningHandshake.request(
                target: try target.replacingPath(with: endpoint.path), host: endpoint.authority, key: key,
                fields: fields)
            // What follows the key: the rest of its field, the end of the line and the blank line.
            let tail = keyHeader.after.utf8.count + 4
            return Self.insert(providerKey, into: try HeadSerializer.serialize(head), beforeLast: tail)
        } catch {
            return nil
        }
    }

    /// Writes the key where it belongs, and nowhere else on the way. Nil when it has a character that cannot stand in a
    /// field (RFC 9110 §5.5).
    private static func insert(_ key: Secret, into head: [UInt8], beforeLast tail: Int) -> Secret? {
        key.withBytes { key in
            guard key.allSatisfy({ (0x20...0x7e).contains($0) }) else { return nil }
            return Secret(capacity: head.count + key.count) { memory in
                let start = head.count - tail
                memory.copyBytes(from: head[..<start])
                memory[start...].copyBytes(from: key)
                memory[(start + key.count)...].copyBytes(from: head[start...])
                return memory.count
            }
        }
    }
}
