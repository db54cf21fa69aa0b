import ArgumentParser
import Configuration
import Foundation
import Identity
import Policy
import RelayServer

/// `tidegate token …`
struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Session tokens.", subcommands: [TokenCreate.self])
}

/// `tidegate token create`: a session token, minted in a shell by whoever may read the signing key.
struct TokenCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Mint a session token.",
        discussion: """
            The token opens one session of the tenant, at every relay that has the same signing key. Only the token goes to \
            standard output.
            """)

    @OptionGroup var configurationOption: ConfigurationOption

    @Option(help: "The tenant whose session it opens.")
    var tenant: String

    @Option(help: ArgumentHelp("How long it may be used, in seconds.", valueName: "seconds"))
    var expiresIn = 60

    @Option(help: ArgumentHelp("How long the session may last, in seconds.", valueName: "seconds"))
    var maxSessionDuration = SessionToken.sessionSeconds.upperBound

    @Option(help: "The only zone it may be used in.")
    var zone: String?

    @Option(help: "The only origin whose pages may use it.")
    var origin: String?

    @Flag(help: "Print JSON, as `GET /v3/token` answers.")
    var json = false

    func validate() throws {
        let range = SessionToken.sessionSeconds
        guard range.contains(maxSessionDuration) else {
            throw ValidationError("A session lasts from \(range.lowerBound) to \(range.upperBound) seconds.")
        }
        guard expiresIn > 0 else { throw ValidationError("A token that expires at once opens nothing.") }
        guard TenantName(tenant) != nil else {
            throw ValidationError("A tenant's name holds letters, digits, `-`, `_` and `.`, at most 63.")
        }
        guard origin.map({ Origin($0) != nil }) ?? true else {
            throw ValidationError("An origin is scheme://host or scheme://host:port, without a path.")
        }
    }

    func run() throws {
        let configuration = try configurationOption.loadForDecisions()
        guard let settings = configuration.settings.tokens else {
            throw CommandError(message: "the configuration has no `tokens`, so there is no key to sign one with")
        }
        guard expiresIn <= settings.maximumLifetime else {
            let most = "tokens.maximum_expires_in_seconds is \(settings.maximumLifetime)"
            throw CommandError(message: "a token may not last \(expiresIn) seconds: \(most)")
        }
        let text = try keys(settings).mint(try token(under: configuration.policy))
        print(json ? try ReadableJSON.text(of: Answer(token: text, expiresInSeconds: expiresIn)) : text)
    }

    private func keys(_ settings: TokenSettings) throws -> SessionTokens {
        do throws(SecretError) {
            return try SessionTokens(settings, environment: .process)
        } catch { throw CommandError(message: error.sentence) }
    }

    /// A token for a session that policy would allow now.
    private func token(under policy: PolicySnapshot) throws -> SessionToken {
        let tenant = try policy.tenant(named: tenant)
        let ask = try ask(under: policy)
        let request = PolicyRequest(identity: .tenant(tenant.name), origin: origin, ask: ask)
        if case .refused(let refusal) = decide(request, under: policy).takeOutcome() {
            throw CommandError(message: refusal.sentence)
        }
        return SessionToken(
            for: tenant.name, lifetime: expiresIn, from: Date().timeIntervalSince1970,
            bounds: CredentialBounds(
                zone: ask.zone, origin: origin.flatMap { Origin($0) }, session: .seconds(maxSessionDuration)),
            ground: .operators, name: "tidegate token create")
    }

    private func ask(under policy: PolicySnapshot) throws -> Ask {
        do throws(AskError) {
            return try Ask.from(
                host: nil, path: Ask.Route.token.rawValue, to: .token, zoneParameters: zone.map { [$0] } ?? [],
                zones: policy.definedZones)
        } catch { throw CommandError(message: error.refusal.sentence) }
    }

    private struct Answer: Encodable {
        let token: String
        let expiresInSeconds: Int

        enum CodingKeys: String, CodingKey {
            case token
            case expiresInSeconds = "expires_in_seconds"
        }
    }
}
