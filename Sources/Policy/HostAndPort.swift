/// `host`, `host:port` or `[IPv6]:port`, as `Host` fields, origins and addresses write it. The host comes out lowercase.
package struct HostAndPort: Hashable, Sendable {
    /// Lowercase; an IPv6 literal keeps its brackets.
    package let host: String
    /// The port, if one was named.
    package let port: UInt16?

    /// `nil` when the host is empty or the port is no number of 1–5 digits up to 65535. The host's characters are not checked.
    package init?(_ text: String) {
        guard let end = HostAndPort.endOfHost(in: text) else { return nil }
        let rest = text[end...]
        guard end != text.startIndex else { return nil }
        host = String(text[..<end]).asciiLowercased
        guard !rest.isEmpty else {
            port = nil
            return
        }
        let digits = rest.dropFirst().utf8
        guard rest.first == ":", (1...5).contains(digits.count), digits.allSatisfy(Ascii.isDigit),
            let number = UInt16(String(rest.dropFirst()))
        else { return nil }
        port = number
    }

    /// The literal address the host is, brackets or not; `nil` for a name.
    package var literalAddress: IPAddress? {
        IPAddress(unbracketed)
    }

    /// The host as a resolver or a socket takes it: without brackets.
    package var unbracketed: String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    /// Whether the text is a host name of ASCII letters, digits, `-`, `_` and `.`, or an IPv6 literal in brackets.
    package static func isHost(_ text: String) -> Bool {
        if text.hasPrefix("[") {
            guard text.hasSuffix("]"), case .v6? = IPAddress(String(text.dropFirst().dropLast())) else { return false }
            return true
        }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= maxNameLength && labels.allSatisfy(isLabel)
    }

    /// RFC 1035 §2.3.4.
    private static let maxNameLength = 255

    private static func isLabel(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { Ascii.isLetter($0) || Ascii.isDigit($0) || "-_".utf8.contains($0) }
    }

    private static func endOfHost(in text: String) -> String.Index? {
        guard text.hasPrefix("[") else { return text.firstIndex(of: ":") ?? text.endIndex }
        return text.firstIndex(of: "]").map { text.index(after: $0) }
    }
}
