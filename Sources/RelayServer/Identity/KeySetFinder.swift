import Configuration
import Fetch
import HTTP
import Identity
import JSON

/// Where an identity provider publishes its keys.
struct KeySetAddress: Hashable, Sendable {
    let issuer: String
    let location: Location
    let authority: VerifySettings.Authority

    enum Location: Hashable, Sendable {
        case url(String)
        /// Where the provider's discovery document says.
        case discovery
    }
}

/// Asks an identity provider for its keys. Blocks; used by the provider's own thread.
struct KeySetFinder {
    /// Sends a request and waits for the answer.
    typealias Fetching = @Sendable (FetchRequest) -> Result<FetchResponse, FetchError>

    /// What was found.
    struct Found {
        let keys: KeySet
        /// How long the provider lets its answer be kept; nil when it does not say.
        let lifetime: Duration?
    }

    private let address: KeySetAddress
    private let fetch: Fetching
    /// Where discovery led the last time.
    private var discovered: String?

    init(_ address: KeySetAddress, _ fetch: @escaping Fetching) {
        self.address = address
        self.fetch = fetch
    }

    /// The keys as they are now.
    ///
    /// - Parameter inHaste: somebody waits, so that the set is looked for where it was found before.
    mutating func find(inHaste: Bool) throws(KeySetFailure) -> Found {
        let url = try url(inHaste: inHaste)
        do throws(KeySetFailure) {
            let answer = try get(url)
            return Found(keys: try Self.keys(answer.body), lifetime: answer.lifetime)
        } catch {
            discovered = nil
            throw error
        }
    }

    private mutating func url(inHaste: Bool) throws(KeySetFailure) -> String {
        if case .url(let url) = address.location { return url }
        if inHaste, let discovered { return discovered }
        let url = try discover()
        discovered = url
        return url
    }

    /// OpenID Connect Discovery 1.0 §4.1, §4.3.
    private func discover() throws(KeySetFailure) -> String {
        let base = address.issuer.hasSuffix("/") ? String(address.issuer.dropLast()) : address.issuer
        let document = JSONReader.read(try get(base + "/.well-known/openid-configuration").body)
        // Whoever answers for another issuer could have its keys believed for this one.
        guard case .text(let issuer) = document?["issuer"], issuer.utf8.elementsEqual(address.issuer.utf8) else {
            throw KeySetFailure("the discovery document is of another issuer, or is none")
        }
        guard case .text(let url) = document?["jwks_uri"], url.hasPrefix("https://") else {
            throw KeySetFailure("the discovery document names no https:// URL as `jwks_uri`")
        }
        return url
    }

    private func get(_ url: String) throws(KeySetFailure) -> FetchResponse {
        var request = FetchRequest(url)
        request.isSecureOnly = true
        request.maxBodyBytes = KeySet.maxBytes
        request.fields = [("Accept", "application/json")]
        if case .file(let path) = address.authority { request.authority = .file(path) }
        switch fetch(request) {
        case .failure(let error): throw KeySetFailure("\(error)")
        case .success(let answer) where answer.status == 200: return answer
        case .success(let answer): throw KeySetFailure("the provider answers with status \(answer.status)")
        }
    }

    private static func keys(_ body: [UInt8]) throws(KeySetFailure) -> KeySet {
        do throws(KeySetError) { return try KeySet(body) } catch {
            throw KeySetFailure("the key set \(error.sentence)")
        }
    }

    static let fetch: Fetching = { request in
        Result { () throws(FetchError) in try Fetch.perform(request) }
    }
}

/// Why there are no keys, for operators.
struct KeySetFailure: Error {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}

extension FetchResponse {
    /// RFC 9111 §5.2.2.1.
    fileprivate var lifetime: Duration? {
        let values = fields.filter { $0.name.lowercased() == "cache-control" }.map { $0.value.lowercased() }
        let directives = values.joined(separator: ",").split { ", \t".contains($0) }
        guard let directive = directives.first(where: { $0.hasPrefix("max-age=") }) else { return nil }
        // RFC 9111 §1.2.2: what is too large for 32 bits stands for what is never over.
        let digits = directive.dropFirst("max-age=".count)
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return .seconds(Int64(UInt32(digits) ?? .max))
    }
}
