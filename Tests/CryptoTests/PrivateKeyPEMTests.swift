import COpenSSL
import Testing

@testable import Crypto

@Suite struct PrivateKeyPEMTests {
    @Test(arguments: ["ED25519", "RSA", "EC"]) func aKeyThatWasWrittenIsReadBack(kind: String) throws {
        let key = try #require(made(kind))
        defer { EVP_PKEY_free(key) }
        let read = try #require(PrivateKeyPEM.read(PrivateKeyPEM.write(key)))
        defer { EVP_PKEY_free(read) }
        #expect(EVP_PKEY_eq(key, read) == 1)
    }

    @Test func aKeyBehindOtherTextIsFound() throws {
        let key = try #require(made("EC"))
        defer { EVP_PKEY_free(key) }
        let text = PrivateKeyPEM.write(key).withBytes { String(decoding: $0, as: UTF8.self) }
        let read = PrivateKeyPEM.read(
            Secret("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + text))
        defer { EVP_PKEY_free(read) }
        #expect(read != nil)
    }

    @Test(arguments: [
        "", "nothing", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    ]) func whatIsNoKeyIsNone(text: String) {
        #expect(PrivateKeyPEM.read(Secret(text)) == nil)
        OpenSSLError.discard()
    }

    @Test func aKeyBehindAPasswordIsNone() throws {
        let key = try #require(made("EC"))
        defer { EVP_PKEY_free(key) }
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        try #require(PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(), "word", 4, nil, nil) == 1)
        var text = [UInt8](repeating: 0, count: BIO_ctrl_pending(bio))
        BIO_read(bio, &text, Int32(text.count))
        #expect(PrivateKeyPEM.read(Secret(text)) == nil)
        OpenSSLError.discard()
    }
}

private func made(_ kind: String) -> OpaquePointer? {
    let context = EVP_PKEY_CTX_new_from_name(nil, kind, nil)
    defer { EVP_PKEY_CTX_free(context) }
    EVP_PKEY_keygen_init(context)
    if kind == "EC" { EVP_PKEY_CTX_set_group_name(context, "P-256") }
    var key: OpaquePointer?
    EVP_PKEY_generate(context, &key)
    return key
}
