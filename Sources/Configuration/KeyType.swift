import Crypto
import JSON
import Policy

/// What a key takes.
package indirect enum KeyType: Sendable {
    // Mappings and lists that hold further keys.
    /// A mapping of keys.
    case section
    /// A list of mappings of keys, at least one.
    case sections
    /// Names, each with a mapping of keys; at least one.
    case named(NameKind)
    /// A list of URLs or of mappings of keys, at least one.
    case endpoints

    // Values made of values.
    case list(KeyType)
    case map(NameKind, KeyType)
    /// One zone, a list of zones, or `any`.
    case residency
    /// `any`, or a list of names.
    case anyOrList
    /// `{file: PATH}` or `{env: NAME}`; never the secret itself.
    case secret
    /// A URL or `{file: PATH}`.
    case keySet

    // Text.
    case text
    case choice([String])
    case whole(ClosedRange<Int>)
    case decimal
    /// Longer than nothing.
    case duration
    case durationOrZero
    case size(ClosedRange<Int>)
    case zone
    /// The name of a query parameter.
    case parameter
    case listenAddress
    case connectAddress
    case webSocketURL
    case redisURL
    case network
    case origin
    /// A subject or an alternative name.
    case certificateName
    /// SHA-256 in hex.
    case digest
    /// SHA-256 in base64.
    case pin
    case file(FileRole)
    /// `system`, or a file.
    case authority

    /// What the names of a mapping are.
    package enum NameKind: Sendable {
        case zone, tenant, host, parameter

        /// What is wrong with a name; `nil`: nothing.
        func complaint(about name: String) -> String? {
            switch self {
            case .zone: Zone(name) == nil ? KeyType.zone.accepted : nil
            case .tenant: TenantName(name) == nil ? "a tenant's name: 1–63 letters, digits, `-`, `_` or `.`" : nil
            case .host: HostAndPort.isHost(name) ? nil : "a host name without a port"
            case .parameter: ParameterName(name).map(complaint) ?? KeyType.parameter.accepted
            }
        }

        private func complaint(about name: ParameterName) -> String? {
            let own = ParameterName.own.map { "`\($0)`" }.joined(separator: " and ")
            return name.isOwn ? "a parameter that the provider is sent: \(own) are Tidegate's own" : nil
        }

        /// The same as JSON Schema.
        var schema: JSONTree {
            switch self {
            case .zone: KeyType.zone.schema
            case .tenant: .matching("^[A-Za-z0-9._-]{1,63}$")
            case .host: .matching("^(\(JSONTree.hostName)|\\[[0-9A-Fa-f:.]+\\])$")
            case .parameter: .matching("^(?!(token|zone)$)\(JSONTree.parameter)$")
            }
        }
    }

    /// What is accepted, for people and for the reference.
    package var accepted: String {
        switch self {
        case .section: "a mapping"
        case .sections: "a list of mappings"
        case .named(.tenant): "tenants by name"
        case .named: "zones by name"
        case .endpoints: "a list of wss:// URLs, or of mappings with `url` and `address`"
        case .list(let item): "a list, each item \(item.accepted)"
        case .map(_, let value): "a mapping, each value \(value.accepted)"
        case .residency: "a zone, a list of zones in order of preference, or `any`"
        case .anyOrList: "`any`, or a list of names"
        case .secret: "{file: PATH} or {env: NAME}"
        case .keySet: "an https:// URL, or {file: PATH}"
        case .text: "text"
        case .choice(let words): words.map { "`\($0)`" }.joined(separator: " or ")
        case .whole(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .decimal: "a number above 0, such as 1.5"
        case .duration: "a duration above 0, such as 500ms, 30s, 5m or 3h"
        case .durationOrZero: "a duration, such as 0s, 30s or 5m"
        case .size(let range):
            "a size from \(KeyType.sizeText(range.lowerBound)) to \(KeyType.sizeText(range.upperBound)), such as 64KiB"
        case .zone: "a zone's name: lowercase letters, digits and `-`, beginning with a letter"
        case .parameter: "a parameter's name: 1–\(ParameterName.maxPlainLength) letters, digits, `_`, `-` or `.`"
        case .listenAddress: "a literal address or `localhost`, and a port, such as 0.0.0.0:8443 or [::1]:8443"
        case .connectAddress: "a literal address and a port, such as 10.20.0.15:443"
        case .webSocketURL: "a WebSocket URL: wss://host[:port]/path"
        case .redisURL: "a Redis server's URL: rediss://[user@]host[:port][/database], or redis:// without TLS"
        case .network: "an address range such as 10.20.0.0/16, without bits beyond its prefix"
        case .origin: "an origin such as https://app.example.com or https://*.example.com"
        case .certificateName:
            "a subject such as `CN=device,O=Acme GmbH`, most specific part first, or `DNS:`, `URI:`, `email:` or `IP:` "
                + "and a name; names are compared whole, so without wildcards"
        case .digest: "a SHA-256 in hex, 64 digits, as `tidegate key create` prints it"
        case .pin: "a SHA-256 in base64, 44 characters"
        case .file: "a file's path"
        case .authority: "`system`, or a file's path"
        }
    }

    /// Whether `text` is a value of this type; for types that are text.
    func accepts(_ text: String) -> Bool {
        switch self {
        case .choice(let words): words.contains(text)
        case .whole(let range): Scalars.whole(text).map(range.contains) ?? false
        case .decimal: Scalars.decimal(text).map { $0 > 0 } ?? false
        case .duration: Scalars.duration(text).map { $0 > .zero } ?? false
        case .durationOrZero: Scalars.duration(text) != nil
        case .size(let range): Scalars.size(text).map(range.contains) ?? false
        case .zone: Zone(text) != nil
        case .parameter: ParameterName(text) != nil
        case .listenAddress: Scalars.listenAddress(text) != nil
        case .connectAddress: EndpointAddress(text) != nil
        case .network: Network(text) != nil
        case .redisURL: RedisURL(text) != nil
        case .certificateName: KeyType.isCertificateName(text)
        case .digest: Hex.decode(text)?.count == Digest.sha256Count
        case .pin: Base64.standard.decode(text)?.count == Digest.sha256Count
        case .text, .file, .authority: !text.isEmpty
        // What is wrong with these is told by the error of the type that reads them.
        case .webSocketURL, .origin: true
        case .section, .sections, .named, .endpoints, .list, .map, .residency, .anyOrList, .secret, .keySet: false
        }
    }

    /// The same as JSON Schema, which editors read: whatever `check` takes, it takes. What only a program can tell, such as
    /// the bits beyond a network's prefix, is left to `check`. A value may come quoted or plain, so numbers may be texts.
    ///
    /// - Parameter mapping: the schema of a mapping of keys, by what its path adds to the key's own.
    func schema(_ mapping: (String) -> JSONTree) -> JSONTree {
        switch self {
        case .section: mapping("")
        case .sections: .items(mapping("[]"), atLeast: 1)
        case .named(let kind):
            [
                "type": "object", "minProperties": 1, "propertyNames": kind.schema,
                "additionalProperties": mapping(".*"),
            ]
        case .endpoints: .items(["anyOf": [KeyType.webSocketURL.schema, mapping("[]")]], atLeast: 1)
        default: schema
        }
    }

    /// As `schema(_:)`, for types that hold no further keys.
    private var schema: JSONTree {
        switch self {
        case .section, .sections, .named, .endpoints: [:]
        case .list(let item): .items(item.schema, atLeast: 0)
        case .map(let kind, let value):
            ["type": "object", "propertyNames": kind.schema, "additionalProperties": value.schema]
        case .residency:
            ["anyOf": [["const": "any"], KeyType.zone.schema, .items(KeyType.zone.schema, atLeast: 1)]]
        case .anyOrList: ["anyOf": [["const": "any"], .items(KeyType.parameter.schema, atLeast: 0)]]
        case .secret: .oneOf(["file", "env"])
        case .keySet: ["anyOf": [.matching("^https://[^/?#@]+([/?][^#]*)?$"), .oneOf(["file"])]]
        case .text, .file, .authority: .someText
        case .choice(let words): ["enum": .list(words.map { .text($0) } + words.compactMap(JSONTree.numeral))]
        case .whole(let range): .wholeOrText(range, "^[0-9]+$")
        case .decimal:
            [
                "anyOf": [
                    ["type": "number", "exclusiveMinimum": 0],
                    .matching("^(?=.*[1-9])[0-9]+(\\.[0-9]+)?$"),
                ]
            ]
        case .duration: .matching("^0*[1-9][0-9]*(ms|s|m|h)$")
        case .durationOrZero: ["anyOf": [.matching("^(0|[0-9]+(ms|s|m|h))$"), ["const": 0]]]
        case .size(let range):
            .wholeOrText(range, "^[0-9]+(KiB|MiB|GiB)?$")
        case .zone: .matching("^(?!any$)[a-z][a-z0-9-]{0,62}$")
        case .parameter: JSONTree.someText.with(["pattern": .text("^\(JSONTree.parameter)$")])
        case .listenAddress: .matching("^([A-Za-z]+|\(JSONTree.literalAddress)):[0-9]{1,5}$")
        case .connectAddress: .matching("^\(JSONTree.literalAddress):[0-9]{1,5}$")
        case .webSocketURL: .matching("^[Ww][Ss]{1,2}://[^/?#@]+(/[^?#@]*)?$")
        case .redisURL: .matching("^[Rr][Ee][Dd][Ii][Ss]{1,2}://([^/?#@:]+@)?[^/?#@]+(/[0-9]{0,6})?$")
        case .network: .matching("^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$")
        case .origin:
            .matching(
                "^[A-Za-z][A-Za-z0-9+.-]*://(\\*\\.[^./?#@:*]+[.。．｡][^/?#@:*]+|[^/?#@:*\\[\\]]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?$"
            )
        case .certificateName:
            .matching(
                "^ *(([Dd][Nn][Ss]|[Uu][Rr][Ii]|[Ee][Mm][Aa][Ii][Ll]|[Ii][Pp]) *:|[A-Za-z][A-Za-z0-9-]* *=|"
                    + "[0-9]+(\\.[0-9]+)+ *=)")
        case .digest: .matching("^[0-9A-Fa-f]{64}$")
        case .pin: .matching("^[A-Za-z0-9+/]{43}=$")
        }
    }

    /// Whether a wrong value may be shown: not where somebody may have put a secret.
    var mayBeShown: Bool {
        switch self {
        case .digest, .secret, .pin, .redisURL: false
        default: true
        }
    }

    private static func isCertificateName(_ text: String) -> Bool {
        switch CertificateName(text) {
        case .dns(let name): HostAndPort.isHost(name)
        case let name: name != nil
        }
    }

    private static func sizeText(_ bytes: Int) -> String {
        for (suffix, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)]
        where bytes > 0 && (bytes >> shift) << shift == bytes {
            return "\(bytes >> shift)\(suffix)"
        }
        return "\(bytes)"
    }
}

/// What a file named by a key should hold.
package enum FileRole: Sendable {
    case certificateChain
    case privateKey
    case authority
    case revocations
    case secret
    case keySet
}

extension JSONTree {
    fileprivate static let hostName = "[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*"
    fileprivate static let parameter = "[A-Za-z0-9_.-]{1,\(ParameterName.maxPlainLength)}"
    fileprivate static let literalAddress = "([0-9]{1,3}(\\.[0-9]{1,3}){3}|\\[[0-9A-Fa-f:.]+\\])"

    /// Any text. Without quotes, an editor takes `5` for a number and `true` for a truth.
    fileprivate static let someText: JSONTree = ["type": ["string", "number", "boolean"], "minLength": 1]

    /// Text of this form.
    fileprivate static func matching(_ pattern: String) -> JSONTree {
        ["type": "string", "pattern": .text(pattern)]
    }

    fileprivate static func items(_ item: JSONTree, atLeast count: Int) -> JSONTree {
        let list: JSONTree = ["type": "array", "items": item]
        return count > 0 ? list.with(["minItems": .number(String(count))]) : list
    }

    /// A mapping that holds one of these names, with a text.
    fileprivate static func oneOf(_ names: [String]) -> JSONTree {
        [
            "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
            "properties": .object(names.map { Member($0, someText) }),
        ]
    }

    /// A bounded number, or the text that stands for one.
    fileprivate static func wholeOrText(_ range: ClosedRange<Int>, _ pattern: String) -> JSONTree {
        let number: JSONTree = [
            "type": "integer", "minimum": .number(String(range.lowerBound)),
            "maximum": .number(String(range.upperBound)),
        ]
        return ["anyOf": [number, matching(pattern)]]
    }

    /// The number that YAML reads an unquoted word as; `nil` when it is none.
    fileprivate static func numeral(_ word: String) -> JSONTree? {
        Scalars.decimal(word) == nil ? nil : .number(word)
    }
}
