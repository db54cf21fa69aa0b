import Foundation

/// An origin as people write it, turned into what browsers send.
enum BrowserOrigin {
    /// Where the host holds more than ASCII: the same origin with its host in punycode, mapped as browsers map it (URL Standard,
    /// "domain to ASCII"; UTS 46). A host that cannot be mapped stays as it is, and is then no host of an origin.
    static func of(_ text: String) -> String {
        guard !text.utf8.allSatisfy({ $0 < 0x80 }), let mark = text.firstRange(of: "://") else { return text }
        let authority = text[mark.upperBound...]
        let wildcard = authority.hasPrefix("*.") ? "*." : ""
        let host = authority.dropFirst(wildcard.count).prefix { $0 != ":" }
        // Nothing of the text may get lost on the way: what is no host must be told.
        guard !host.contains(where: "/?#@%[]\\".contains),
            let encoded = URLComponents(string: "https://\(host)")?.encodedHost, !encoded.isEmpty
        else { return text }
        return text[..<mark.upperBound] + wildcard + encoded + text[host.endIndex...]
    }
}
