import Configuration
import TLS

/// What `check` cannot see in the text of certificate files: whether they can be used for what they are named for.
package enum CertificateCheck {
    /// What is wrong with a chain and its key, with the remedy; nil when a listener could be opened with it.
    package static func fault(in files: CertificateFiles) -> String? {
        do throws(TLSError) {
            _ = try TLSCertificate(chainFile: files.chain, keyFile: files.key)
            return nil
        } catch { return error.detail }
    }

    /// What is wrong, or will soon be, with the authorities of client certificates and their revocation lists.
    package static func findings(in settings: ClientCertificateSettings) -> [ClientCertificateFinding] {
        let authorities: TrustStore
        do throws(TLSError) { authorities = try TrustStore(file: settings.authorities) } catch {
            return [ClientCertificateFinding(.error, .authorities, error.detail)]
        }
        guard let file = settings.revocations else { return [] }
        do throws(TLSError) {
            let lists = try RevocationLists(file: file)
            let unlisted = lists.withoutList(among: authorities).map { authority in
                ClientCertificateFinding(
                    .warning, .revocations,
                    "\(file): there is no list of \(authority), so nobody that it vouches for is let in; add its list")
            }
            return lists.facts(under: authorities).compactMap { finding($0, in: file, settings) } + unlisted
        } catch {
            return [ClientCertificateFinding(.error, .revocations, error.detail)]
        }
    }

    private static func finding(
        _ list: RevocationLists.Facts, in file: String, _ settings: ClientCertificateSettings
    ) -> ClientCertificateFinding? {
        let name = "\(file): the list of \(list.issuer)"
        guard list.isIssuedByThem else {
            return ClientCertificateFinding(
                .error, .revocations,
                "\(name) was issued by none of those in \(settings.authorities); add its issuer's certificate there, or "
                    + "remove the list")
        }
        guard !list.isOfTheFuture else {
            return ClientCertificateFinding(.error, .revocations, "\(name) is not good yet. Check it and the clock.")
        }
        guard let seconds = list.secondsToExpiry else {
            return ClientCertificateFinding(
                .warning, .revocations, "\(name) does not say when the next is due, so it is believed however old it is"
            )
        }
        if seconds < 0 {
            return ClientCertificateFinding(
                .error, .revocations,
                "\(name) is over its time, and nobody that its issuer vouches for would be let in; fetch the present list"
            )
        }
        guard seconds < secondsOfNotice else { return nil }
        return ClientCertificateFinding(
            .warning, .revocations,
            "\(name) is over its time in \(seconds / 3600) hours; from then on nobody that its issuer vouches for is let in"
        )
    }

    /// A week: somebody is at work on one of its days.
    private static let secondsOfNotice = 7 * 86_400
}
