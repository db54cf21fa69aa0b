import HTTP

/// What a client can get wrong in its opening handshake: each case is one rule of RFC 6455 §4.2.1, or of RFC 8441.
package enum OpeningHandshakeError: Error, Equatable, Sendable, CaseIterable {
    /// Item 1.
    case methodNotGET
    /// Item 1.
    case versionNotHTTP11
    /// RFC 9112 §6: Content-Length or Transfer-Encoding announces a body.
    case bodyPresent
    /// Item 2.
    case hostInvalid
    /// Item 3: there is no Upgrade field at all.
    case upgradeMissing
    /// Item 3: another protocol, or several.
    case upgradeNotWebSocketAlone
    /// Item 4.
    case connectionWithoutUpgrade
    /// Item 5.
    case keyInvalid
    /// Item 6.
    case webSocketVersionNot13
    /// Item 8.
    case subprotocolInvalid
    /// RFC 8441 §4: over HTTP/2, an extended CONNECT.
    case methodNotCONNECT
    /// RFC 8441 §5: `:protocol` is `websocket`.
    case protocolNotWebSocket
}

extension OpeningHandshakeError {
    /// The status of the answer.
    package var status: Int {
        switch self {
        // RFC 9110 §15.5.6: the resource knows no other method.
        case .methodNotGET: 405
        // RFC 9110 §15.5.22: the resource is there, but not without an upgrade.
        case .upgradeMissing: 426
        // RFC 6455 §4.2.2, item 4: "an appropriate HTTP error code (such as 426 Upgrade Required)".
        case .webSocketVersionNot13: 426
        default: 400
        }
    }

    /// Fields the answer must have beside those of its body.
    package var fields: HeaderFields {
        switch status {
        // RFC 9110 §15.5.6: a 405 names the methods allowed.
        case 405: ["Allow": "GET"]
        // RFC 9110 §15.5.22: a 426 names the protocol; RFC 6455 §4.4: and the versions understood. Over HTTP/2 the fields
        // that speak of a connection are left out.
        case 426:
            ["Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": OpeningHandshake.version]
        default: [:]
        }
    }

    /// The rule, as a sentence for the people at the other end. It holds nothing of what they sent.
    package var sentence: String {
        switch self {
        case .methodNotGET: "A WebSocket is opened with GET."
        case .versionNotHTTP11: "A WebSocket is opened with HTTP/1.1."
        case .bodyPresent: "A request that opens a WebSocket must have no body."
        case .hostInvalid: "The request must have one valid Host field."
        case .upgradeMissing: "This is a WebSocket: the request must have the field Upgrade: websocket."
        case .upgradeNotWebSocketAlone: "The Upgrade field must name websocket and nothing else."
        case .connectionWithoutUpgrade: "The Connection field must contain upgrade."
        case .keyInvalid: "There must be one Sec-WebSocket-Key field, base64 of 16 bytes."
        case .webSocketVersionNot13: "There must be one Sec-WebSocket-Version field, and its value 13."
        case .subprotocolInvalid: "Sec-WebSocket-Protocol must be a list of tokens, each of them once."
        case .methodNotCONNECT: "Over HTTP/2 a WebSocket is opened with CONNECT and the protocol websocket (RFC 8441)."
        case .protocolNotWebSocket: "The protocol of a CONNECT must be websocket."
        }
    }
}
