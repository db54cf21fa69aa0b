import Configuration
import Crypto
import Fetch
import Foundation
import Policy

/// The other side of the admin listener, for commands. Blocks its caller.
package struct AdminClient: Sendable {
    /// Where an admin listener is that was told nothing else.
    package static let usualAddress = "http://127.0.0.1:9901"
    /// Of 9,000 sessions a page takes milliseconds.
    private static let patience = Duration.seconds(10)

    /// Without a path.
    private let base: String
    private let token: Secret?

    /// - Parameters:
    ///   - url: the listener's; a path in it is left out.
    ///   - token: shown if it is given.
    package init(_ url: String, token: Secret? = nil) {
        let rest = url.drop { $0 != ":" }.dropFirst(3)
        let path = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? url.endIndex
        base = String(url[..<path])
        self.token = token
    }

    /// The same with the token in a file. Throws when that cannot be read.
    package init(_ url: String, tokenFile: String) throws(AdminClientError) {
        self.init(url, token: try Self.token(.file(tokenFile), environment: [:]))
    }

    /// The admin listener of a configuration. Throws when it has none, or its token cannot be read.
    package init(_ settings: Settings, environment: Environment) throws(AdminClientError) {
        guard let admin = settings.admin else {
            throw AdminClientError(text: "The configuration has no admin listener; add `admin:`.")
        }
        let token = try admin.token.map { (source) throws(AdminClientError) in
            try Self.token(source, environment: environment)
        }
        // A listener on every address is on loopback too.
        let address =
            switch admin.address.ip {
            case .v4(0): "127.0.0.1:\(admin.address.port)"
            case .v6(0): "[::1]:\(admin.address.port)"
            default: "\(admin.address)"
            }
        self.init("http://\(address)", token: token)
    }

    private static func token(
        _ source: SecretSource, environment: Environment
    ) throws(AdminClientError) -> Secret {
        do throws(SecretError) { return try source.resolveForHeader(environment: environment) } catch {
            throw AdminClientError(text: "The admin listener's token: \(error.sentence).")
        }
    }

    /// Why the relay is not ready, sentence by sentence; none when it is. Throws when it does not answer.
    package func reasonsAgainstReadiness() throws(AdminClientError) -> [String] {
        let response = try get("/readyz")
        guard response.status == 200 || response.status == 503, let answer: Ready = try? decoded(response) else {
            throw refused(response)
        }
        // A reason may be missing, an answer other than 200 is not.
        return response.status == 200 ? [] : answer.reasons.isEmpty ? ["The relay is not ready."] : answer.reasons
    }

    /// What is wrong with the process itself, ready or not: a sentence; none when it turns. Throws when it does not answer.
    package func reasonsAgainstHealth() throws(AdminClientError) -> [String] {
        let response = try get("/healthz")
        if response.status == 200 { return [] }
        guard response.status == 503, let problem: Problem = try? decoded(response) else { throw refused(response) }
        return [problem.detail]
    }

    /// Every session there is now, page by page; one that begins or ends meanwhile may be missing. Throws when the listener
    /// does not answer, or not as one does.
    package func sessions() throws(AdminClientError) -> [ListedSession] {
        var all: [ListedSession] = []
        var after: String?
        repeat {
            let response = try get("/sessions?limit=\(SessionQuery.maxLimit)" + (after.map { "&after=\($0)" } ?? ""))
            guard response.status == 200, let page: Page = try? decoded(response) else { throw refused(response) }
            // A listener that does not go on would be asked for ever.
            guard page.next == nil || page.next != after else { throw refused(response) }
            all += page.sessions
            after = page.next
        } while after != nil
        return all
    }

    /// The sessions whose upstream is open, as policy judges them. One that is still being dialled is in no zone yet; it is
    /// decided anew before it is. Throws as `sessions` does.
    package func liveSessions() throws(AdminClientError) -> [LiveSession] {
        try sessions().compactMap { session in
            guard let tenant = TenantName(session.tenant), let zone = session.zone.flatMap({ Zone($0) }),
                let endpoint = session.endpoint
            else { return nil }
            return LiveSession(
                id: session.id, tenant: tenant, zone: zone, endpoint: endpoint,
                // The console's page need not be one of the tenant's, under any policy.
                origin: session.credential(.console) == nil ? session.origin : nil,
                hasAuthorization: session.hasAuthorization,
                parameters: session.parameters.compactMap { ParameterName($0) },
                keyID: session.credential(.clientKey)?.id, certificate: session.credential(.certificate)?.name)
        }
    }

    private func get(_ target: String) throws(AdminClientError) -> FetchResponse {
        var request = FetchRequest(base + target)
        request.timeout = Self.patience
        // A page of the longest is below a kilobyte a session.
        request.maxBodyBytes = 16 << 20
        if let token {
            request.fields = [("Authorization", "Bearer " + token.withBytes { String(decoding: $0, as: UTF8.self) })]
        }
        do throws(FetchError) { return try Fetch.perform(request) } catch {
            throw AdminClientError(text: "\(base) does not answer: \(error.detail)")
        }
    }

    private func decoded<Value: Decodable>(_ response: FetchResponse) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Value.self, from: Data(response.body))
    }

    private func refused(_ response: FetchResponse) -> AdminClientError {
        let problem: Problem? = try? decoded(response)
        return AdminClientError(
            text: "\(base) answers \(response.status): \(problem?.detail ?? "this is no admin listener's answer")")
    }

    private struct Ready: Decodable {
        let reasons: [String]
    }

    private struct Page: Decodable {
        let sessions: [ListedSession]
        let next: String?
    }

    private struct Problem: Decodable {
        let detail: String
    }
}

/// A session as the admin listener lists it.
package struct ListedSession: Decodable, Equatable, Sendable {
    /// The session's id.
    package let id: String
    /// Whom the client belongs to.
    package let tenant: String
    /// Nil while it is being dialled.
    package let zone: String?
    /// Nil when the client asked for none.
    package let asked: String?
    /// Nil while it is being dialled.
    package let endpoint: String?
    /// The upstream's literal address; nil while it is being dialled.
    package let peer: String?
    /// As the request named it.
    package let origin: String?
    /// Whether the request had an `Authorization` field.
    package let hasAuthorization: Bool
    /// The names in its query, those that can be told.
    package let parameters: [String]
    /// What proved the tenant.
    package let credential: Credential?
    /// When it was asked for, RFC 3339.
    package let since: String
    /// The version it was last judged under.
    package let policy: String

    /// What proved the tenant, by its name in the policy file.
    package struct Credential: Decodable, Equatable, Sendable {
        /// The kind's name.
        package let kind: String
        /// The name the policy file gives it.
        package let name: String
        /// Tells two of one name apart.
        package let id: String
    }

    /// What proved the tenant, if it was of this kind.
    fileprivate func credential(_ kind: CredentialProof.Kind) -> Credential? {
        credential?.kind == kind.rawValue ? credential : nil
    }
}

/// Why the admin listener could not be asked: a sentence.
package struct AdminClientError: Error, Equatable, CustomStringConvertible {
    let text: String
    package var description: String { text }
}
