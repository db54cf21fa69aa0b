import Crypto
import Foundation
import Glibc
import Policy

/// Reads a configuration whole: `tidegate.yaml`, the policy files it names, and a look at every file these name.
///
/// `Configuration` knows YAML, files and the environment, and turns them into values or faults. It never opens a socket,
/// decides a request, or keeps a secret. The commands call it, and the relay on every reload. Safe on any thread.
package enum ConfigurationLoader {
    /// Checks a certificate chain and its key together: what is wrong, or `nil`. Given by whoever knows TLS.
    package typealias CertificateCheck = (CertificateFiles) -> String?
    /// Checks whether records can be made as they are to be: what is done instead, or `nil`. Given by whoever knows the machine.
    package typealias RecordsCheck = (TLSSettings.Records) -> String?
    /// Checks the key set in a file: what is wrong, or `nil`. Given by whoever knows tokens.
    package typealias KeySetCheck = (String) -> String?

    /// Checks what a listener asks of its clients' certificates: what is wrong, or will be. Given by the same.
    package typealias ClientCertificateCheck = (ClientCertificateSettings) -> [ClientCertificateFinding]

    /// Reads and checks everything. Never throws: what is wrong is in the result.
    ///
    /// - Parameter policies: policy files to read instead of those the configuration names, by their paths.
    package static func load(
        _ path: String, policies: [String]? = nil,
        environment: Environment = .process,
        certificateCheck: CertificateCheck = { _ in nil }, clientCheck: ClientCertificateCheck = { _ in [] },
        keySetCheck: @escaping KeySetCheck = { _ in nil }, recordsCheck: RecordsCheck = { _ in nil }
    ) -> LoadResult {
        var reading = Reading()
        let configuration = reading.configuration(path, policies: policies)
        var files = FileCheck(environment: environment, keySetCheck: keySetCheck)
        files.check(reading.references)
        for (certificate, place) in reading.certificates { files.check(certificate, place, certificateCheck) }
        for clients in reading.clientCertificates { files.check(clients, clientCheck) }
        if let place = reading.recordsPlace, let records = configuration?.settings.tls.records {
            files.check(records, place, recordsCheck)
        }
        return LoadResult(
            configuration: configuration, readFaults: reading.faults, fileFaults: files.faults, files: reading.files,
            watched: reading.watched)
    }
}

/// What came of loading.
package struct LoadResult: Sendable {
    /// `nil` when the text of the files has errors. Present when only files they name are missing: enough to `explain`
    /// by, not to serve.
    package let configuration: RelayConfiguration?
    /// What the text of the configuration files shows.
    package let readFaults: Faults
    /// What the files and variables they name show: missing, unreadable, not what they should be.
    package let fileFaults: Faults
    /// The configuration files read, in order.
    package let files: [String]
    /// All that a change of may make another configuration: the files read, every file they name, whether it is there or
    /// not, and the directories that new policy files may come to.
    package let watched: [String]

    /// All faults, in the order of their places.
    package var faults: Faults {
        var all = readFaults
        all.append(fileFaults)
        return all
    }

    /// The configuration, if nothing speaks against running it.
    package var servable: RelayConfiguration? {
        faults.hasErrors ? nil : configuration
    }
}

/// A whole configuration, as values.
package struct RelayConfiguration: Sendable {
    /// What operators decided.
    package let settings: Settings
    /// Built from the settings and every policy file.
    package let policy: PolicySnapshot

    package init(settings: Settings, policy: PolicySnapshot) {
        self.settings = settings
        self.policy = policy
    }
}

/// One reading of all configuration files.
private struct Reading {
    var faults = Faults()
    var references: [SchemaCheck.Reference] = []
    var certificates: [(CertificateFiles, Place)] = []
    var clientCertificates: [PlacedClientCertificates] = []
    var recordsPlace: Place?
    private(set) var files: [String] = []
    /// What makes the policy files' patterns name others.
    private var patterned: [String] = []
    private var digests: [UInt8] = []

    mutating func configuration(_ path: String, policies: [String]?) -> RelayConfiguration? {
        guard let root = document(path, .tidegateFile, from: Place(file: path)) else { return nil }
        let main = TidegateFile(root, hostName: Reading.hostName(), faults: &faults)
        certificates = Reading.certificates(in: root)
        clientCertificates = Reading.clientCertificates(in: root)
        recordsPlace = root["tls"]?["records"]?.place
        noteWhatIsLeftOut(root)
        let zones = (root["zones"]?.pairs ?? []).compactMap { Zone($0.key) }
        let files = policies?.map { ($0, Place(file: $0)) } ?? policyPaths(main.policies, beside: path)
        let tenants = tenants(in: files, zones: zones)
        guard !faults.hasErrors else { return nil }
        faults.append(Weaknesses(main.settings, tenants, endpoints: Reading.endpointPlaces(in: root)).faults)
        let version = String(Hex.encode(Digest.sha256(digests)).prefix(12))
        var settings = main.settings
        for item in tenants where !item.providerKeys.isEmpty {
            settings.tenantKeys[item.tenant.name] = item.providerKeys
        }
        return RelayConfiguration(
            settings: settings, policy: settings.policy(version: version, tenants: tenants.map(\.tenant)))
    }

    /// Each path once, in the order of their first mention.
    var watched: [String] {
        let named = references.compactMap { reference -> String? in
            guard case .file(let path, _) = reference.target else { return nil }
            return Paths.resolve(path, beside: reference.place.file)
        }
        var seen: Set<String> = []
        return (files + patterned + named).filter { seen.insert($0).inserted }
    }

    // MARK: Policy files

    private mutating func tenants(
        in files: [(path: String, place: Place)], zones: [Zone]
    ) -> [PolicyFile.PlacedTenant] {
        var found: [PolicyFile.PlacedTenant] = []
        for (path, place) in files {
            guard let root = document(path, .policyFile, from: place) else { continue }
            found += PolicyFile(root, zones: zones, faults: &faults).tenants
        }
        checkNames(found)
        checkKeys(found)
        checkCertificates(found)
        checkTokens(found)
        return found
    }

    private mutating func policyPaths(
        _ patterns: [(text: String, place: Place)], beside file: String
    ) -> [(path: String, place: Place)] {
        var paths: [(path: String, place: Place)] = []
        for (pattern, place) in patterns {
            let resolved = Paths.resolve(pattern, beside: file)
            patterned += Paths.watched(by: resolved)
            let matches = Paths.glob(resolved)
            if matches.isEmpty {
                faults.error(place, "\(quoted(pattern)) names no file; without tenants every request is refused")
            }
            paths += matches.filter { match in !paths.contains { $0.path == match } }.map { ($0, place) }
        }
        return paths
    }

    private mutating func checkNames(_ tenants: [PolicyFile.PlacedTenant]) {
        var places: [TenantName: Place] = [:]
        for item in tenants {
            if let former = places[item.tenant.name] {
                faults.error(item.place, "tenant \(item.tenant.name) is already at \(former)")
            } else {
                places[item.tenant.name] = item.place
            }
        }
    }

    private mutating func checkKeys(_ tenants: [PolicyFile.PlacedTenant]) {
        let ofNothing = Digest.sha256([])
        var owners: [[UInt8]: (tenant: TenantName, place: Place)] = [:]
        for item in tenants {
            for (key, place) in zip(item.tenant.keys, item.keyPlaces) {
                if key.sha256 == ofNothing { faults.error(place, "this is the hash of an empty text, which is no key") }
                if let former = owners[key.sha256] {
                    faults.error(
                        place, "the same key is tenant \(former.tenant)'s at \(former.place); a key proves one tenant")
                } else {
                    owners[key.sha256] = (item.tenant.name, place)
                }
            }
        }
    }

    private mutating func checkCertificates(_ tenants: [PolicyFile.PlacedTenant]) {
        var owners: [CertificateName: (tenant: TenantName, place: Place)] = [:]
        for item in tenants {
            for (text, place) in zip(item.tenant.certificates, item.certificatePlaces) {
                guard let name = CertificateName(text) else { continue }
                if let former = owners[name] {
                    faults.error(
                        place,
                        "\(quoted(text)) is tenant \(former.tenant)'s at \(former.place); a certificate proves one tenant"
                    )
                } else {
                    owners[name] = (item.tenant.name, place)
                }
            }
        }
    }

    private mutating func checkTokens(_ tenants: [PolicyFile.PlacedTenant]) {
        var seen: [TenantClaim: [(token: TenantToken, tenant: TenantName, place: Place)]] = [:]
        for item in tenants {
            guard let token = item.tenant.jwt else { continue }
            if let former = seen[token.claim]?.first(where: { $0.token.overlaps(token) }) {
                faults.error(
                    item.tokenPlace,
                    "the same claim proves tenant \(former.tenant) at \(former.place); a token proves one tenant")
            }
            seen[token.claim, default: []].append((token, item.tenant.name, item.tokenPlace))
        }
    }

    // MARK: Documents

    private mutating func document(_ path: String, _ table: KeyTable, from place: Place) -> Node? {
        guard let text = text(of: path, from: place) else { return nil }
        guard let root = Document.parse(text, file: path, faults: &faults) else { return nil }
        var check = SchemaCheck(table)
        check.check(root)
        faults.append(check.faults)
        references += check.references
        return root
    }

    private mutating func text(of path: String, from place: Place) -> String? {
        files.append(path)
        guard let contents = FileManager.default.contents(atPath: path) else {
            faults.error(place, "\(path) cannot be read")
            return nil
        }
        let bytes = [UInt8](contents)
        digests += Digest.sha256(bytes)
        guard bytes.count <= Reading.maxFileBytes else {
            faults.error(Place(file: path), "the file is larger than \(Reading.maxFileBytes >> 20) MiB")
            return nil
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            faults.error(Place(file: path), "the file is not UTF-8")
            return nil
        }
        return text
    }

    /// Some fifty thousand tenants; more is the wrong file.
    private static let maxFileBytes = 16 << 20

    private mutating func noteWhatIsLeftOut(_ root: Node) {
        if root.pairs != nil, root["receipts"] == nil {
            faults.warning(root.place, "`receipts` is left out: no receipt is kept of who was heard where")
        }
    }

    private static func endpointPlaces(in root: Node) -> [Zone: Place] {
        let places = (root["zones"]?.pairs ?? []).compactMap { pair in
            Zone(pair.key).map { ($0, pair.value["endpoints"]?.place ?? pair.keyPlace) }
        }
        return Dictionary(places, uniquingKeysWith: { first, _ in first })
    }

    private static func certificates(in root: Node) -> [(CertificateFiles, Place)] {
        let listeners = root["listeners"]?.list ?? []
        return listeners.flatMap { $0["tls"]?["certificates"]?.list ?? [] }.compactMap { node in
            guard let chain = node["chain"]?.text, let key = node["key"]?.text else { return nil }
            let file = node.place.file
            return (
                CertificateFiles(chain: Paths.resolve(chain, beside: file), key: Paths.resolve(key, beside: file)),
                node.place
            )
        }
    }

    private static func clientCertificates(in root: Node) -> [PlacedClientCertificates] {
        (root["listeners"]?.list ?? []).compactMap { listener in
            guard let authorities = listener["tls"]?["client_ca"], let path = authorities.text else { return nil }
            let lists = listener["tls"]?["client_crl"]
            let file = authorities.place.file
            return PlacedClientCertificates(
                settings: ClientCertificateSettings(
                    authorities: Paths.resolve(path, beside: file),
                    revocations: lists?.text.map { Paths.resolve($0, beside: file) }),
                authoritiesPlace: authorities.place, revocationsPlace: (lists ?? authorities).place)
        }
    }

    private static func hostName() -> String {
        // POSIX: at most 255 bytes and a terminator, which a cut name may lack.
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

extension TenantToken {
    /// Whether one token could be meant by both.
    fileprivate func overlaps(_ other: TenantToken) -> Bool {
        claim == other.claim && (issuer == nil || other.issuer == nil || issuer == other.issuer)
    }
}
