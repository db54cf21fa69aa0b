import Configuration
import Crypto
import RelayCore
import TLS

/// How a state is shared: settings, with the password and the authorities they name.
struct SharedStatePlan: Sendable {
    let address: RedisAddress
    /// What to do while the server is away.
    let whenUnavailable: SharedStateSettings.WhenUnavailable
    /// How long others count on what they were told of this relay.
    let lease: Duration

    /// What others count on is told again so often; and as long before it is void, this relay gives it up.
    var renewal: Duration { lease / 5 }

    /// Audio that each session has at hand, so that none waits for the server as a rule.
    var reserve: Duration { AudioAccount.slice * 2 }

    /// - Parameter former: what this one replaces. Where the authorities are what they were, the connection may stay.
    init(
        _ settings: SharedStateSettings, environment: Environment,
        trust: (VerifySettings.Authority) throws(TLSError) -> TrustStore,
        replacing former: SharedStatePlan? = nil
    ) throws(RelayStartError) {
        whenUnavailable = settings.whenUnavailable
        lease = settings.lease
        do {
            let password = try settings.password.map { try $0.resolve(environment: environment) }
            let trust = try settings.isSecure ? trust(settings.authority) : nil
            address = try RedisAddress(settings, password: password, trust: trust, replacing: former?.address)
        } catch let error as SecretError {
            throw RelayStartError(text: "The password of the shared state: \(error.sentence).")
        } catch let error as TLSError {
            throw RelayStartError(text: "The authorities of the shared state: \(error.detail)")
        } catch {
            throw RelayStartError(text: "The shared state: \(error)")
        }
    }
}

/// Where the Redis server is, and what it wants to hear first.
struct RedisAddress: Sendable {
    let host: String
    let port: UInt16
    let database: Int
    let user: String?
    let password: Secret?
    /// Nil: without TLS.
    let tls: TLSClientContext?
    private let trust: [UInt8]?

    fileprivate init(
        _ settings: SharedStateSettings, password: Secret?, trust: TrustStore?, replacing former: RedisAddress?
    ) throws(TLSError) {
        (host, port, database) = (settings.host, settings.port, settings.database)
        (user, self.password) = (settings.user, password)
        self.trust = trust?.fingerprint
        if let former, former.trust == self.trust {
            tls = former.tls
        } else {
            tls = try trust.map { (trust) throws(TLSError) in try TLSClientContext(trust: trust, protocols: []) }
        }
    }
}

extension RedisAddress: Equatable {
    static func == (left: RedisAddress, right: RedisAddress) -> Bool {
        (left.host, left.port, left.database, left.user, left.password) == (
            right.host, right.port, right.database, right.user, right.password
        ) && left.trust == right.trust
    }
}
