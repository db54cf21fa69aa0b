/// The number in a Close frame (RFC 6455 §7.4 and IANA's registry).
package struct CloseCode: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    package let rawValue: UInt16

    /// Any number; `mayBeSent` tells which of them go on the wire.
    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// The purpose of the connection is fulfilled.
    package static let normal = CloseCode(rawValue: 1000)
    /// The endpoint goes away: a server that stops, a page that is left.
    package static let goingAway = CloseCode(rawValue: 1001)
    /// The peer broke a rule of the protocol.
    package static let protocolError = CloseCode(rawValue: 1002)
    /// The peer sent a kind of data that is not taken.
    package static let unsupportedData = CloseCode(rawValue: 1003)
    /// Means that the Close frame had no code; never on the wire.
    package static let noCode = CloseCode(rawValue: 1005)
    /// Means that the connection ended without a Close frame; never on the wire.
    package static let abnormal = CloseCode(rawValue: 1006)
    /// A payload does not fit its type: text that is not UTF-8.
    package static let invalidPayload = CloseCode(rawValue: 1007)
    /// A rule of the endpoint's own, when no other code fits.
    package static let policyViolation = CloseCode(rawValue: 1008)
    /// A message is larger than is taken.
    package static let messageTooBig = CloseCode(rawValue: 1009)
    /// The server did not agree an extension the client needs.
    package static let extensionMissing = CloseCode(rawValue: 1010)
    /// The server met a fault of its own.
    package static let internalError = CloseCode(rawValue: 1011)
    /// The server restarts; the client may come back.
    package static let serviceRestart = CloseCode(rawValue: 1012)
    /// The server is overloaded.
    package static let tryAgainLater = CloseCode(rawValue: 1013)
    /// A gateway got no valid answer from the server behind it.
    package static let badGateway = CloseCode(rawValue: 1014)
    /// Means that the TLS handshake failed; never on the wire.
    package static let tlsHandshake = CloseCode(rawValue: 1015)

    /// Whether a Close frame may carry the code.
    package var mayBeSent: Bool {
        switch rawValue {
        // RFC 6455 §7.4.1 without 1004, 1005, 1006 and 1015; 1012 to 1014 are IANA's.
        case 1000...1003, 1007...1014: true
        // RFC 6455 §7.4.2: registered by libraries and applications, and private.
        case 3000...4999: true
        default: false
        }
    }
}
