import Crypto
import Foundation
import Glibc

/// Looks at the files and variables a configuration names, before anything is bound or dialled.
struct FileCheck {
    let environment: Environment
    private let keySetCheck: ConfigurationLoader.KeySetCheck
    private(set) var faults = Faults()
    /// Certificates whose files are not worth a closer look.
    private var broken: Set<String> = []
    /// The keys that sign tokens, and how the file calls each.
    private var tokenKeys: [(key: Secret, name: String)] = []

    init(environment: Environment, keySetCheck: @escaping ConfigurationLoader.KeySetCheck = { _ in nil }) {
        self.environment = environment
        self.keySetCheck = keySetCheck
    }

    mutating func check(_ references: [SchemaCheck.Reference]) {
        for reference in references {
            switch reference.target {
            case .file(let path, let role):
                checkFile(Paths.resolve(path, beside: reference.place.file), role, reference)
            case .variable(let name):
                if environment.value(of: name)?.count ?? 0 == 0 {
                    faults.error(reference.place, "\(reference.key): the environment variable \(name) is not set")
                }
            }
            checkUse(of: reference)
        }
    }

    /// A key that cannot do its work is a fault of today, not of the next start.
    private mutating func checkUse(of reference: SchemaCheck.Reference) {
        let source: SecretSource
        switch reference.target {
        case .file(let path, _): source = .file(Paths.resolve(path, beside: reference.place.file))
        case .variable(let name): source = .environment(name)
        }
        switch reference.key {
        case "receipts.signing_key": checkReceiptKey(source, reference)
        case let key where key.hasPrefix("tokens.signing_keys["): checkTokenKey(source, reference)
        default: break
        }
    }

    private mutating func checkTokenKey(_ source: SecretSource, _ reference: SchemaCheck.Reference) {
        do throws(SecretError) {
            let key = try source.resolveSigningKey(environment: environment)
            if let former = tokenKeys.first(where: { $0.key == key }) {
                faults.error(
                    reference.place, "\(reference.key) is the same key as \(former.name); leave one of them out")
            }
            tokenKeys.append((key, reference.key))
        } catch {
            switch error {
            case .notHex, .tooShort: faults.error(reference.place, "\(reference.key): \(error.sentence)")
            // What cannot be had at all has been told.
            case .unreadable, .unset, .empty, .tooLarge, .notALine: break
            }
        }
    }

    private mutating func checkReceiptKey(_ source: SecretSource, _ reference: SchemaCheck.Reference) {
        // What cannot be had at all has been told.
        guard let pem = try? source.resolve(environment: environment) else { return }
        do throws(SignatureError) { _ = try Signature.PrivateKey(pem: pem, named: source.name) } catch {
            faults.error(reference.place, "\(reference.key): \(error.sentence)")
        }
    }

    /// Whether a chain and its key belong together is for whoever knows TLS.
    mutating func check(
        _ certificate: CertificateFiles, _ place: Place, _ certificateCheck: ConfigurationLoader.CertificateCheck
    ) {
        guard !broken.contains(certificate.chain), !broken.contains(certificate.key) else { return }
        if let complaint = certificateCheck(certificate) { faults.error(place, complaint) }
    }

    /// So is what can be done with authorities and their lists.
    mutating func check(
        _ clients: PlacedClientCertificates, _ clientCheck: ConfigurationLoader.ClientCertificateCheck
    ) {
        let files = [clients.settings.authorities, clients.settings.revocations].compactMap(\.self)
        guard broken.isDisjoint(with: files) else { return }
        for finding in clientCheck(clients.settings) {
            let place = finding.key == .authorities ? clients.authoritiesPlace : clients.revocationsPlace
            switch finding.severity {
            case .error: faults.error(place, finding.text)
            case .warning: faults.warning(place, finding.text)
            case .note: faults.note(place, finding.text)
            }
        }
    }

    /// And so is what the machine can do.
    mutating func check(
        _ records: TLSSettings.Records, _ place: Place, _ recordsCheck: ConfigurationLoader.RecordsCheck
    ) {
        if let finding = recordsCheck(records) { faults.warning(place, "tls.records: \(finding)") }
    }

    /// More than any chain or bundle needs; what is larger is the wrong file.
    private static let maxFileBytes = 16 << 20

    private mutating func checkFile(_ path: String, _ role: FileRole, _ reference: SchemaCheck.Reference) {
        guard let complaint = complaint(about: path, role) else {
            warnIfOthersRead(path, role, reference)
            return
        }
        broken.insert(path)
        faults.error(reference.place, "\(reference.key): \(complaint)")
    }

    private func complaint(about path: String, _ role: FileRole) -> String? {
        let contents: Secret
        do throws(SecretFileError) { contents = try Secret.file(path, maxBytes: Self.maxFileBytes) } catch {
            return FileManager.default.fileExists(atPath: path) ? "\(path) cannot be read" : "there is no file \(path)"
        }
        switch role {
        case .certificateChain, .authority:
            return contents.has("-----BEGIN CERTIFICATE-----") ? nil : "\(path) holds no PEM certificate"
        case .revocations:
            return contents.has("-----BEGIN X509 CRL-----")
                ? nil
                : "\(path) holds no PEM revocation list; `openssl crl -inform DER -in FILE` makes one of the binary form"
        case .privateKey:
            return contents.has("PRIVATE KEY-----") ? nil : "\(path) holds no PEM private key"
        case .secret:
            do throws(SecretError) {
                _ = try SecretSource.file(path).resolve(environment: [:])
                return nil
            } catch {
                return error.sentence
            }
        case .keySet: return keySetCheck(path)
        }
    }

    private mutating func warnIfOthersRead(_ path: String, _ role: FileRole, _ reference: SchemaCheck.Reference) {
        switch role {
        case .privateKey, .secret: break
        case .certificateChain, .authority, .revocations, .keySet: return
        }
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        if status.st_mode & (S_IROTH | S_IWOTH) != 0 {
            faults.warning(
                reference.place, "\(reference.key): every user of this machine may read \(path); `chmod o-rw` it")
        }
        if status.st_mode & S_IWGRP != 0 {
            faults.warning(reference.place, "\(reference.key): the file's group may replace \(path); `chmod g-w` it")
        }
    }
}

/// What a listener asks of its clients' certificates, and where its file says so.
struct PlacedClientCertificates {
    let settings: ClientCertificateSettings
    let authoritiesPlace: Place
    /// Where no list is named, the same.
    let revocationsPlace: Place
}

/// What somebody who knows TLS finds in the files behind `client_ca` and `client_crl`.
package struct ClientCertificateFinding: Equatable, Sendable {
    /// How much it matters.
    package let severity: Fault.Severity
    /// Whose file it is about.
    package let key: Key
    /// What is wrong, with the remedy.
    package let text: String

    /// The keys that name files.
    package enum Key: Sendable { case authorities, revocations }

    package init(_ severity: Fault.Severity, _ key: Key, _ text: String) {
        self.severity = severity
        self.key = key
        self.text = text
    }
}

extension Secret {
    fileprivate func has(_ text: String) -> Bool {
        withBytes { $0.contains(text.utf8) }
    }
}
