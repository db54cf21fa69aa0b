import Bytes

/// The version of a message: in a start line (RFC 9110 §2.5), or of the connection.
package struct HTTPVersion: Equatable, Sendable {
    /// The first digit.
    package let major: UInt8
    /// The second digit.
    package let minor: UInt8

    /// Any version, as read; only `http11` and `http2` are spoken.
    package init(major: UInt8, minor: UInt8) {
        self.major = major
        self.minor = minor
    }

    /// The one version a parser here lets through.
    package static let http11 = HTTPVersion(major: 1, minor: 1)

    /// The version of what comes over an HTTP/2 connection, where no message names it (RFC 9113 §8.3).
    package static let http2 = HTTPVersion(major: 2, minor: 0)

    /// Reads `HTTP-version = HTTP-name "/" DIGIT "." DIGIT` (RFC 9112 §2.3); nil when it is not that. The name is
    /// case-sensitive.
    init?(parsing text: some Collection<UInt8>) {
        let bytes = Array(text)
        guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), bytes[6] == UInt8(ascii: "."),
            let major = bytes[5].decimalDigit, let minor = bytes[7].decimalDigit
        else { return nil }
        self.init(major: major, minor: minor)
    }

    /// Throws unless this is HTTP/1.1: neither the older versions' framing nor their upgrades are spoken here.
    func requireHTTP11() throws(HTTPError) {
        guard major == 1 else { throw .majorVersionNotSupported }
        guard minor == 1 else { throw .minorVersionNotSupported }
    }
}
