import COpenSSL
import Testing

@testable import TLS

@Suite struct CipherSuiteTests {
    /// What libcrypto says of a suite is what is assumed of it.
    @Test(arguments: CipherSuite.allCases)
    func itsSizesAreLibcryptos(suite: CipherSuite) throws {
        let cipher = try #require(suite.cipher)
        #expect(Int(EVP_CIPHER_get_key_length(cipher)) == suite.keyCount)
        #expect(Int(EVP_CIPHER_get_iv_length(cipher)) == RecordFormat.nonceCount)
        let digest = try #require(EVP_MD_fetch(nil, suite.digest, nil))
        defer { EVP_MD_free(digest) }
        #expect(Int(EVP_MD_get_size(digest)) == suite.secretCount)
    }

    @Test func itIsFoundByTheNameThatOpenSSLHasForIt() throws {
        let context = try #require(SSL_CTX_new(TLS_method()))
        defer { SSL_CTX_free(context) }
        for suite in CipherSuite.allCases { #expect(SSL_CTX_set_ciphersuites(context, suite.rawValue) == 1) }
        #expect(CipherSuite(rawValue: "TLS_AES_128_CCM_SHA256") == nil)
    }
}
