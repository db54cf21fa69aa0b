import Bytes
import Policy

/// Reads a preamble byte by byte, and nothing behind it: what follows is TLS or HTTP, and somebody else's.
///
/// It keeps no more than the longest line of version 1, or the header and addresses of version 2; the type-length-values that
/// may follow those are counted past. Section numbers are those of `proxy-protocol.txt`.
package struct ProxyPreambleParser: Sendable {
    private var stage = Stage.signature
    /// What has come, as far as it says anything.
    private var kept: [UInt8] = []

    private enum Stage {
        /// The first bytes tell the versions apart.
        case signature
        /// Version 1, up to its CRLF.
        case line
        /// Version 2, up to its length.
        case header
        /// Version 2: addresses and what follows them, so many bytes still.
        case body(remaining: Int)
    }

    /// Nothing has come yet.
    package init() {}

    /// Takes from the front of `bytes` what belongs to the preamble, and never a byte more; `consumed` is how many that were.
    /// Returns nil while some of it is still to come.
    ///
    /// - Throws: `absent` or `malformed`, with the first byte that is wrong.
    package mutating func parse(
        _ bytes: RawSpan, consumed: inout Int
    ) throws(ProxyPreambleFault) -> ProxyPreamble? {
        consumed = 0
        while let byte = bytes.byte(at: consumed) {
            consumed += 1
            if let preamble = try take(byte) { return preamble }
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) throws(ProxyPreambleFault) -> ProxyPreamble? {
        if kept.count < Self.maxKept { kept.append(byte) }
        switch stage {
        case .signature:
            try readSignature()
            return nil
        case .line: return try readLine(endingIn: byte)
        case .header: return try readHeader()
        case .body(let remaining):
            stage = .body(remaining: remaining - 1)
            return remaining == 1 ? announced : nil
        }
    }

    private mutating func readSignature() throws(ProxyPreambleFault) {
        if Self.firstWord.starts(with: kept) {
            if kept.count == Self.firstWord.count { stage = .line }
        } else if Self.signature.starts(with: kept) {
            if kept.count == Self.signature.count { stage = .header }
        } else {
            throw .absent
        }
    }

    /// §2.1: with its CRLF the longest line has 107 bytes.
    private static let maxLine = 107
    private static let maxKept = maxLine
    private static let firstWord = Array("PROXY ".utf8)
    /// §2.2: no line of another protocol begins so.
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
}

// MARK: - Version 1 (§2.1)

extension ProxyPreambleParser {
    /// `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443` and CRLF.
    private func readLine(endingIn byte: UInt8) throws(ProxyPreambleFault) -> ProxyPreamble? {
        guard byte == UInt8(ascii: "\n") else {
            if kept.count >= Self.maxLine { throw .malformed }
            return nil
        }
        guard kept.dropLast().last == UInt8(ascii: "\r") else { throw .malformed }
        let line = String(decoding: kept.dropFirst(Self.firstWord.count).dropLast(2), as: UTF8.self)
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        // What stands behind UNKNOWN says nothing.
        if words.first == "UNKNOWN" { return .unnamed }
        guard words.count == 5, let source = IPAddress(words[1]), let destination = IPAddress(words[2]),
            let port = Self.port(words[3]), Self.port(words[4]) != nil
        else { throw .malformed }
        switch (words[0], source, destination) {
        case ("TCP4", .v4, .v4), ("TCP6", .v6, .v6): return .client(source, port: port)
        default: throw .malformed
        }
    }

    /// Decimal, without leading zeros.
    private static func port(_ text: String) -> UInt16? {
        guard text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains), text == "0" || text.first != "0"
        else { return nil }
        return UInt16(text)
    }
}

// MARK: - Version 2 (§2.2)

extension ProxyPreambleParser {
    /// ```
    ///   0           12       13       14          16
    ///   | signature | 2 | cmd | fam|tr |  length   | addresses, then type-length-values: `length` bytes
    /// ```
    private mutating func readHeader() throws(ProxyPreambleFault) -> ProxyPreamble? {
        guard kept.count == Self.headerCount else { return nil }
        let length = Int(kept[14]) << 8 | Int(kept[15])
        switch kept[12] {
        case Self.local: break
        case Self.proxy:
            // "Other values are unspecified and must be rejected as invalid by receivers."
            guard kept[13] >> 4 <= 3, kept[13] & 0xF <= 2, length >= addressCount else { throw .malformed }
        default: throw .malformed
        }
        if length == 0 { return announced }
        stage = .body(remaining: length)
        return nil
    }

    /// What a complete header and its addresses say.
    private var announced: ProxyPreamble {
        guard kept[12] == Self.proxy, addressCount > 0 else { return .unnamed }
        // Source address, destination address, source port, destination port.
        let width = (addressCount - 4) / 2
        let address = kept[Self.headerCount..<Self.headerCount + width]
        let port = kept[(Self.headerCount + 2 * width)...].prefix(2)
        guard let address = IPAddress(bytes: address) else { return .unnamed }
        return .client(address, port: port.reduce(0) { $0 << 8 | UInt16($1) })
    }

    /// The addresses' bytes, where they are of the Internet and of a stream.
    private var addressCount: Int {
        switch kept[13] {
        case 0x11: 12
        case 0x21: 36
        default: 0
        }
    }

    private static let headerCount = 16
    private static let local: UInt8 = 0x20
    private static let proxy: UInt8 = 0x21
}
