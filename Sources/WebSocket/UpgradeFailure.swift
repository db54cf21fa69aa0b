/// Why a server's answer to our opening handshake opens nothing.
package enum UpgradeFailure: Error, Equatable, Sendable {
    /// 3xx. Never followed: it could lead out of a zone.
    case redirect(Int)
    /// 401 or 403: what we authenticated with was refused.
    case unauthorised(Int)
    /// 429
    case rateLimited
    /// Any other status but 101.
    case status(Int)
    /// 101 without exactly `Upgrade: websocket`.
    case upgradeNotWebSocketAlone
    /// 101 without `upgrade` in `Connection`.
    case connectionWithoutUpgrade
    /// `Sec-WebSocket-Accept` is missing, repeated or not the answer to our key: the server did not read the handshake.
    case badAccept
    /// The server speaks an extension that was not offered.
    case unaskedExtension
    /// The server selected a subprotocol that was not offered, or several.
    case unaskedSubprotocol

    init(status: Int) {
        self =
            switch status {
            case 300...399: .redirect(status)
            case 401, 403: .unauthorised(status)
            case 429: .rateLimited
            default: .status(status)
            }
    }
}
