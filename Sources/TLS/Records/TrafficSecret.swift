import COpenSSL
import Crypto

/// What the keys of one direction are derived from (RFC 8446 §7). Immutable; wiped with its last owner.
struct TrafficSecret {
    let suite: CipherSuite
    private let secret: Secret

    /// Nil when `secret` has not as many bytes as the suite's secrets have.
    init?(_ secret: Secret, suite: CipherSuite) {
        guard secret.count == suite.secretCount else { return nil }
        self.init(unchecked: secret, suite: suite)
    }

    private init(unchecked secret: Secret, suite: CipherSuite) {
        self.secret = secret
        self.suite = suite
    }

    /// The one that follows it after a KeyUpdate (RFC 8446 §7.2).
    var next: TrafficSecret {
        TrafficSecret(unchecked: expand("traffic upd", suite.secretCount), suite: suite)
    }

    /// The AEAD's key (RFC 8446 §7.3).
    var key: Secret { expand("key", suite.keyCount) }

    /// What each record's number is mixed with (RFC 8446 §7.3).
    var iv: Secret { expand("iv", RecordFormat.nonceCount) }

    /// HKDF-Expand-Label with an empty context (RFC 8446 §7.1).
    private func expand(_ label: String, _ count: Int) -> Secret {
        Secret(capacity: count) { output in
            let result = secret.withBytes { secret in
                shim_TLS13_expand_label(
                    suite.digest, secret.baseAddress, secret.count, label, output.baseAddress, output.count)
            }
            guard result == 1 else { preconditionFailure("libcrypto has no TLS13-KDF: \(OpenSSLError.take())") }
            return count
        }
    }
}
