import COpenSSL
import Testing

@testable import TLS

@Suite struct TLSErrorTests {
    @Test(
        arguments: [
            (X509_V_ERR_HOSTNAME_MISMATCH, .wrongName), (X509_V_ERR_IP_ADDRESS_MISMATCH, .wrongName),
            (X509_V_ERR_CERT_HAS_EXPIRED, .expired), (X509_V_ERR_CERT_NOT_YET_VALID, .notYetValid),
            (X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, .unknownAuthority),
            (X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, .unknownAuthority), (X509_V_ERR_CERT_REVOKED, .revoked),
            (X509_V_ERR_INVALID_PURPOSE, .unfit), (X509_V_ERR_CERT_SIGNATURE_FAILURE, .unfit),
        ] as [(Int32, CertificateFault)])
    func everyReasonForRefusingACertificateHasItsKind(reason: Int32, fault: CertificateFault) {
        #expect(CertificateFault(verifyResult: Int(reason)) == fault)
    }

    @Test func itsDescriptionHasKindAndDetail() {
        #expect("\(TLSError(.alert(70), "protocol version"))" == "alert(70): protocol version")
    }
}
