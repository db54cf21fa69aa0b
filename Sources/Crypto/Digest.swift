// Crypto knows libcrypto: digests, random bytes, comparison in constant time, and secrets that do not print.
// It must never know what a digest or a secret is for: tenants, keys and tokens are its callers' words.
// Called by Identity, Configuration, TLS, RelayServer and the stand-in, on any thread.

import COpenSSL

/// Message digests (FIPS 180-4).
package enum Digest {
    /// Bytes in a SHA-256 digest.
    package static let sha256Count = 32

    /// The SHA-256 of `bytes`: 32 bytes. Any thread.
    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        sha256(bytes.span.bytes)
    }

    /// The SHA-256 of `bytes`: 32 bytes. Any thread.
    package static func sha256(_ bytes: RawSpan) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: sha256Count) { digest, count in
            let result = bytes.withUnsafeBytes {
                EVP_Digest($0.baseAddress, $0.count, digest.baseAddress, nil, EVP_sha256(), nil)
            }
            guard result == 1 else { preconditionFailure("libcrypto has no SHA-256: \(OpenSSLError.take())") }
            count = sha256Count
        }
    }
}
