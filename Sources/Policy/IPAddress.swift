/// An IPv4 or IPv6 address as a number.
package enum IPAddress: Hashable, Sendable {
    case v4(UInt32)
    case v6(UInt128)

    /// Takes the 4 or 16 bytes of an address in network order; any other count gives `nil`.
    package init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self = .v4(bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16: self = .v6(bytes.reduce(0) { $0 << 8 | UInt128($1) })
        default: return nil
        }
    }

    /// Takes `192.0.2.1` (four decimal numbers without leading zeros: never octal) and the forms of RFC 4291 §2.2, without a scope.
    package init?(_ text: String) {
        if let number = IPAddress.v4Number(text[...]) {
            self = .v4(number)
        } else if let number = IPAddress.v6Number(text) {
            self = .v6(number)
        } else {
            return nil
        }
    }

    /// The IPv4 address inside an IPv6 address that a translator or the kernel delivers to it; else the address itself.
    ///
    /// Without this, `::ffff:169.254.169.254` or `64:ff9b::a9fe:a9fe` would be a way to a link-local address.
    package var embedded: IPAddress {
        guard case .v6(let number) = self else { return self }
        // RFC 4291 §2.5.5: IPv4-mapped, and the deprecated IPv4-compatible form (`::` and `::1` are not of it).
        if number >> 32 == 0xffff || (number >> 32 == 0 && number > 1) {
            return .v4(UInt32(truncatingIfNeeded: number))
        }
        // RFC 6052 §2.1: the NAT64 well-known prefix 64:ff9b::/96.
        if number >> 32 == 0x0064_ff9b_0000_0000_0000_0000 { return .v4(UInt32(truncatingIfNeeded: number)) }
        // RFC 3056 §2: 6to4 carries the IPv4 address after 2002.
        if number >> 112 == 0x2002 { return .v4(UInt32(truncatingIfNeeded: number >> 80)) }
        return self
    }

    /// The IPv4 address that an IPv4-mapped address is (RFC 4291 §2.5.5.2); else the address itself. So that one host has one
    /// address, however it came to be written.
    package var unmapped: IPAddress {
        guard case .v6(let number) = self, number >> 32 == 0xffff else { return self }
        return .v4(UInt32(truncatingIfNeeded: number))
    }

    private static func v4Number(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy(Ascii.isDigit), let byte = UInt8(part),
                part.utf8.count == 1 || part.first != "0"
            else { return nil }
            number = number << 8 | UInt32(byte)
        }
        return number
    }

    private static func v6Number(_ text: String) -> UInt128? {
        guard let gap = text.firstRange(of: "::") else {
            guard let groups = groups(text[...], mayEndInV4: true), groups.count == 8 else { return nil }
            return number(groups)
        }
        guard let head = groups(text[..<gap.lowerBound], mayEndInV4: false),
            let tail = groups(text[gap.upperBound...], mayEndInV4: true),
            head.count + tail.count <= 7
        else { return nil }
        return number(head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail)
    }

    /// The 16-bit groups between colons; an IPv4 address at the end of the whole text counts as two.
    private static func groups(_ text: Substring, mayEndInV4: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 8 else { return nil }
        for (index, part) in parts.enumerated() {
            if mayEndInV4, index == parts.count - 1, let number = v4Number(part) {
                groups += [UInt16(number >> 16), UInt16(number & 0xffff)]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }

    private static func number(_ groups: [UInt16]) -> UInt128 {
        groups.reduce(0) { $0 << 16 | UInt128($1) }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        Ascii.isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}

extension IPAddress: CustomStringConvertible {
    /// `192.0.2.1`, or RFC 5952 §4: lowercase, no leading zeros, the longest run of zero groups as `::`.
    package var description: String {
        switch self {
        case .v4(let number):
            return [24, 16, 8, 0].map { String(number >> UInt32($0) & 0xff) }.joined(separator: ".")
        case .v6(let number):
            let groups = stride(from: 112, through: 0, by: -16).map {
                UInt16(truncatingIfNeeded: number >> UInt128($0))
            }
            let words = groups.map { String($0, radix: 16) }
            guard let gap = IPAddress.longestZeroRun(groups) else { return words.joined(separator: ":") }
            return words[..<gap.lowerBound].joined(separator: ":") + "::"
                + words[gap.upperBound...].joined(separator: ":")
        }
    }

    /// The first of the longest runs of at least two zero groups.
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        while start < groups.count {
            let end = groups[start...].firstIndex { $0 != 0 } ?? groups.count
            if end - start > max(best?.count ?? 0, 1) { best = start..<end }
            start = end + 1
        }
        return best
    }
}
