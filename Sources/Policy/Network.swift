/// An address range in CIDR form: `10.20.0.0/16`, `2001:db8::/32`, or one address alone.
package struct Network: Hashable, Sendable, CustomStringConvertible {
    /// The first address of the range.
    package let base: IPAddress
    /// How many leading bits are fixed: 0–32, or 0–128 for IPv6.
    package let prefixLength: Int

    /// `nil` for text that is no address with an optional prefix length, and for an address with bits set beyond its prefix.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let base = IPAddress(String(first)) else { return nil }
        let width = base.width
        var prefixLength = width
        if parts.count == 2 {
            let digits = parts[1].utf8
            guard (1...3).contains(digits.count), digits.allSatisfy(Ascii.isDigit), let length = Int(parts[1]),
                length <= width
            else { return nil }
            prefixLength = length
        }
        self.init(base: base, prefixLength: prefixLength)
        guard contains(base), base == base.masked(to: prefixLength) else { return nil }
    }

    init(base: IPAddress, prefixLength: Int) {
        self.base = base
        self.prefixLength = prefixLength
    }

    /// Whether the range holds the address. An IPv4 range holds no IPv6 address; callers look inside those first.
    package func contains(_ address: IPAddress) -> Bool {
        address.width == base.width && address.masked(to: prefixLength) == base.masked(to: prefixLength)
    }

    package var description: String { "\(base)/\(prefixLength)" }
}

extension IPAddress {
    /// Bits in an address of this family.
    fileprivate var width: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    /// The address with only its first `length` bits kept. Swift's smart shifts give 0 for a shift by the whole width.
    fileprivate func masked(to length: Int) -> IPAddress {
        switch self {
        case .v4(let number): .v4(number & (UInt32.max << (32 - length)))
        case .v6(let number): .v6(number & (UInt128.max << (128 - length)))
        }
    }
}
