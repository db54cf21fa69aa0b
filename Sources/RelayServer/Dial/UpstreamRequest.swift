import Configuration
import Crypto
import HTTP
import Policy
import WebSocket

/// What of a client's request may reach an upstream: its query without Tidegate's own parameters and with what policy sets,
/// and the fields on the list. Everything else of the upstream's request is made anew, and nothing in it says who the client is.
struct UpstreamRequest {
    private var target: RequestTarget
    private let fields: HeaderFields

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

    /// The opening handshake's bytes, with the provider's key as its last field. Nil when it cannot be written as HTTP.
    func head(for endpoint: Endpoint, key: String, providerKey: Secret, in keyHeader: KeyHeader) -> [UInt8]? {
        do {
            var fields = fields
            fields.append("User-Agent", "tidegate")
            fields.append(
                keyHeader.name, keyHeader.value(for: providerKey.withBytes { String(decoding: $0, as: UTF8.self) }))
            let head = OpeningHandshake.request(
                target: try target.replacingPath(with: endpoint.path), host: endpoint.authority, key: key,
                fields: fields)
            return try HeadSerializer.serialize(head)
        } catch {
            return nil
        }
    }
}
