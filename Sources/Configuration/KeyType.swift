import Crypto
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
    case listenAddress
    case connectAddress
    case webSocketURL
    case network
    case origin
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
            case .parameter: name.isEmpty ? "a parameter's name" : nil
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
        case .listenAddress: "a literal address or `localhost`, and a port, such as 0.0.0.0:8443 or [::1]:8443"
        case .connectAddress: "a literal address and a port, such as 10.20.0.15:443"
        case .webSocketURL: "a WebSocket URL: wss://host[:port]/path"
        case .network: "an address range such as 10.20.0.0/16, without bits beyond its prefix"
        case .origin: "an origin such as https://app.example.com or https://*.example.com"
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
        case .listenAddress: Scalars.listenAddress(text) != nil
        case .connectAddress: EndpointAddress(text) != nil
        case .network: Network(text) != nil
        case .digest: Hex.decode(text)?.count == Digest.sha256Count
        case .pin: Base64.standard.decode(text)?.count == Digest.sha256Count
        case .text, .file, .authority: !text.isEmpty
        // What is wrong with these is told by the error of the type that reads them.
        case .webSocketURL, .origin: true
        case .section, .sections, .named, .endpoints, .list, .map, .residency, .anyOrList, .secret, .keySet: false
        }
    }

    /// Whether a wrong value may be shown: not where somebody may have put a secret.
    var mayBeShown: Bool {
        switch self {
        case .digest, .secret, .pin: false
        default: true
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
    case secret
    case keySet
}
