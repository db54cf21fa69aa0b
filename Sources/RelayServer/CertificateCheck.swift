import Configuration
import TLS

/// What `check` cannot see in the text of a certificate file: whether it can be used with its key.
package enum CertificateCheck {
    /// What is wrong with the pair, with the remedy; nil when a listener could be opened with it.
    package static func fault(in files: CertificateFiles) -> String? {
        do throws(TLSError) {
            _ = try TLSCertificate(chainFile: files.chain, keyFile: files.key)
            return nil
        } catch { return error.detail }
    }
}
