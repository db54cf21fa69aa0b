import Policy

/// How the texts of configuration files become numbers, durations, sizes and addresses.
enum Scalars {
    /// Decimal digits alone: no sign, no separators, no other base.
    static func whole(_ text: String) -> Int? {
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        return text.utf8.allSatisfy(isDigit) ? Int(text) : nil
    }

    /// `1`, `1.5`: finite and not negative.
    static func decimal(_ text: String) -> Double? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty && whole(String($0)) != nil }) else { return nil }
        return Double(text)
    }

    /// A whole number and `ms`, `s`, `m` or `h`; `0` needs no unit.
    static func duration(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        let units: [(String, Duration)] = [
            ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3600)),
        ]
        for (suffix, unit) in units where text.hasSuffix(suffix) {
            // A hundred years in hours; more would overflow, and means nothing.
            guard let count = whole(String(text.dropLast(suffix.count))), count <= 876_000 * 3600 else { continue }
            return unit * count
        }
        return nil
    }

    /// A whole number of bytes, or of `KiB`, `MiB` or `GiB`.
    static func size(_ text: String) -> Int? {
        let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]
        for (suffix, unit) in units where text.hasSuffix(suffix) {
            guard let count = whole(String(text.dropLast(suffix.count))) else { return nil }
            let (product, overflow) = count.multipliedReportingOverflow(by: unit)
            return overflow ? nil : product
        }
        return whole(text)
    }

    /// A literal address, or `localhost`, and a port; port 0 lets the system choose.
    static func listenAddress(_ text: String) -> ListenAddress? {
        guard let parts = HostAndPort(text), let port = parts.port else { return nil }
        if parts.host == "localhost" { return ListenAddress(.v4(0x7f00_0001), port: port) }
        return parts.literalAddress.map { ListenAddress($0, port: port) }
    }

    /// The host of an `http:` or `https:` URL without a user's name or a fragment, and whether TLS protects it; `nil` for any
    /// other text.
    static func webHost(_ text: String) -> (host: String, isSecure: Bool)? {
        let isSecure = text.hasPrefix("https://")
        let secured = isSecure ? text : text.hasPrefix("http://") ? "https" + text.dropFirst(4) : ""
        guard isSecureURL(secured) else { return nil }
        let authority = HostAndPort(String(secured.dropFirst(8).prefix { $0 != "/" && $0 != "?" }))
        return authority.map { ($0.host, isSecure) }
    }

    /// Whether `text` is a URL that TLS protects, of a host and perhaps a port, without a user's name or a fragment.
    static func isSecureURL(_ text: String) -> Bool {
        let scheme = "https://"
        guard text.hasPrefix(scheme), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }), !text.contains("#") else {
            return false
        }
        let authority = text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
        return !authority.contains("@") && HostAndPort(String(authority)) != nil
    }
}
