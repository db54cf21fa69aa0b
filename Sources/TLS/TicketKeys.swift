import COpenSSL
import Crypto

/// The keys that session tickets are sealed with (RFC 5077 §4).
///
/// A context made with the keys of the one it replaces goes on resuming its clients' sessions. New keys, and so a new
/// context from time to time, bound how long a stolen key is worth something. Any thread.
package struct TicketKeys: Sendable {
    let secret: Secret

    /// 16 bytes of key name, 32 of HMAC key and 32 of AES key: OpenSSL's layout.
    private static let count = 80

    /// Fresh random keys.
    package static func make() -> TicketKeys {
        TicketKeys(secret: Secret.random(count))
    }
}
