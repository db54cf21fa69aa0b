import COpenSSL
import Crypto

/// Why TLS could not go on. `kind` is compared; `detail` is for logs and operators only and never sent to a peer.
package struct TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What went wrong.
    package let kind: Kind
    /// OpenSSL's own words, or for `.setup` the file and the remedy.
    package let detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    /// What can go wrong, and whose it is to mend.
    package enum Kind: Equatable, Sendable {
        /// A certificate, key or setting cannot be used: the operator's to mend.
        case setup
        /// The peer's certificate was refused.
        case verification(CertificateFault)
        /// The peer ended the handshake or the connection with this alert (RFC 8446 §6.2).
        case alert(UInt8)
        /// The peer's bytes are not TLS, not a version or suite we speak, or have been tampered with.
        case violation
        /// `send` before the handshake was complete or after `close`, or any use after a failure: the caller's fault.
        case notOpen
    }

    package var description: String { "\(kind): \(detail)" }

    /// The error behind a failed call on a connection.
    init(_ cause: OpenSSLError, verifyResult: Int) {
        let isOurs = cause.library == ERR_LIB_SSL
        if isOurs, cause.reason == SSL_R_CERTIFICATE_VERIFY_FAILED {
            let reason = X509_verify_cert_error_string(verifyResult).map { String(cString: $0) }
            self.init(.verification(CertificateFault(verifyResult: verifyResult)), reason ?? cause.description)
        } else if isOurs, cause.reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE {
            self.init(.verification(.missing), "none was shown, and one is required")
        } else if isOurs, let alert = UInt8(exactly: cause.reason &- SSL_AD_REASON_OFFSET) {
            self.init(.alert(alert), cause.description)
        } else {
            self.init(.violation, cause.description)
        }
    }

    /// The error for a failed call in which the context, not a peer, is at fault. Empties the error queue.
    static func setup(_ subject: String, remedy: String) -> TLSError {
        TLSError(.setup, "\(subject): \(OpenSSLError.take()). \(remedy)")
    }
}

/// Why a peer's certificate was refused.
package enum CertificateFault: String, Equatable, Sendable {
    /// It is for another name or address than the one dialled.
    case wrongName
    /// Its time is over, or an issuer's is.
    case expired
    /// Its time has not come, or an issuer's has not.
    case notYetValid
    /// It was not issued by an authority that is trusted here; self-signed certificates among them.
    case unknownAuthority
    /// It was revoked, or an issuer's was.
    case revoked
    /// Whether it was revoked cannot be told: its issuer's list is missing, over its time, or not the issuer's.
    case unknownRevocation
    /// None was shown where one is required.
    case missing
    /// Anything else: wrong purpose, weak key, bad signature.
    case unfit

    /// The fault behind one of `X509_V_ERR_…`.
    init(verifyResult: Int) {
        self =
            switch Int32(truncatingIfNeeded: verifyResult) {
            case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: .wrongName
            case X509_V_ERR_CERT_HAS_EXPIRED: .expired
            case X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid
            case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_CERT_UNTRUSTED:
                .unknownAuthority
            case X509_V_ERR_CERT_REVOKED: .revoked
            case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, X509_V_ERR_CRL_HAS_EXPIRED,
                X509_V_ERR_CRL_NOT_YET_VALID, X509_V_ERR_CRL_SIGNATURE_FAILURE,
                X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD, X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD,
                X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION, X509_V_ERR_DIFFERENT_CRL_SCOPE,
                X509_V_ERR_KEYUSAGE_NO_CRL_SIGN, X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
                .unknownRevocation
            default: .unfit
            }
    }
}
