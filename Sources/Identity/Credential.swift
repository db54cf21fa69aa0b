/// What a client proves its tenant with, and the place it stood in.
///
/// `Identity` knows where credentials are found and whom they prove. It never sees a socket or a file, never decides what
/// a tenant may do, and never lets a credential reach a log: a `Credential` prints as its place alone. `RelayServer` calls it.
package struct Credential: Hashable, Sendable {
    /// Where it stood.
    package let place: Place
    /// `nil` when the place held several different texts, or a certificate.
    private let text: String?
    /// The certificate, where that is the place.
    package let certificate: PresentedCertificate?

    /// The places a credential can be, in the order they are looked at; the first present decides.
    package enum Place: Int, CaseIterable, Sendable {
        case certificate = 1
        case authorization
        case tokenParameter
        case subprotocol
    }

    /// Finds the credential of a request.
    ///
    /// - Parameters:
    ///   - certificate: what the client showed while TLS was set up, and TLS verified.
    ///   - authorization: every `Authorization` field, as it came.
    ///   - tokenParameter: every decoded value of `token` in the query.
    ///   - subprotocols: the tokens of `Sec-WebSocket-Protocol`, in order.
    /// - Returns: `nil` when there is none. Empty values are none. A place that holds several different credentials decides
    ///   too, and proves nothing.
    package static func find(
        certificate: PresentedCertificate? = nil, authorization: [String], tokenParameter: [String] = [],
        subprotocols: [String] = []
    ) -> Credential? {
        if let certificate { return Credential(place: .certificate, text: nil, certificate: certificate) }
        let places: [(Place, [String])] = [
            (.authorization, authorization.map(withoutScheme)),
            (.tokenParameter, tokenParameter),
            (.subprotocol, bearers(subprotocols)),
        ]
        for (place, values) in places {
            let texts = Set(values.filter { !$0.isEmpty })
            guard let text = texts.first else { continue }
            return Credential(place: place, text: texts.count == 1 ? text : nil, certificate: nil)
        }
        return nil
    }

    /// The subprotocol the answer selects when a credential came as one; never the credential itself.
    package static let subprotocol = "tidegate.v1"

    /// Lends the text, to be digested and forgotten; `nil` when the place held several.
    func withText<Result>(_ body: (String) -> Result) -> Result? {
        text.map(body)
    }

    /// RFC 9110 §11.1: the scheme's name is case-insensitive. Official SDKs send the key bare, others after `Bearer`.
    private static func withoutScheme(_ field: String) -> String {
        let value = field.trimmed
        let scheme = "bearer "
        guard value.utf8.prefix(scheme.utf8.count).elementsEqual(scheme.utf8, by: { $0 | 0x20 == $1 }) else {
            return value
        }
        return String(value.dropFirst(scheme.count)).trimmed
    }

    /// `tidegate.v1, bearer.X`: without the first, another application's subprotocol could be taken for a credential.
    private static func bearers(_ subprotocols: [String]) -> [String] {
        let prefix = "bearer."
        guard subprotocols.contains(subprotocol) else { return [] }
        return subprotocols.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }
}

/// A TLS client certificate that was verified.
package struct PresentedCertificate: Hashable, Sendable {
    /// The subject, then the alternative names, each after its kind.
    package let names: [String]
    /// The SHA-256 of the certificate.
    package let sha256: [UInt8]
    /// What revocation lists know it by, and those above it but for the authority that is believed.
    package let chain: [[UInt8]]

    /// All as TLS tells it.
    package init(names: [String], sha256: [UInt8], chain: [[UInt8]] = []) {
        self.names = names
        self.sha256 = sha256
        self.chain = chain
    }
}

extension Credential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "‹redacted \(place)›" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension String {
    /// Without the blanks HTTP allows around a field's value (RFC 9110 §5.5).
    fileprivate var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = self[...]
        while let last = text.last, isBlank(last) { text.removeLast() }
        return String(text.drop(while: isBlank))
    }
}
