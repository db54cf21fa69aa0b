import Configuration
import Crypto
import HTTP
import Identity
import Policy
import Reactor
import RelayCore
import TLS

/// One version of everything the relay runs by: policy, keys, contexts and limits, checked and immutable. Shared by all loops.
package final class RelaySnapshot: Sendable {
    let policy: PolicySnapshot
    let clientKeys: ClientKeys
    let zones: [Zone: UpstreamZone]
    let listeners: [Listener]
    let session: SessionSettings
    let headLimits: HTTPLimits
    /// For a client's TLS and request, and for an upstream's answer to ours.
    let handshake: Duration
    /// For sessions to end by themselves when the relay stops.
    let drain: Duration
    /// Sessions at once, in the whole process.
    let maxSessions: Int
    /// Event loops; at least one.
    let threads: Int

    /// A place where clients connect.
    struct Listener: Sendable {
        let address: SocketAddress
        /// Nil: plain `ws://`.
        let tls: TLSServerContext?
        let refusals: ListenerSettings.RefusalMode
    }

    /// What the dial needs to know of a zone. Its TLS context, and with it every resumable session, is the zone's own.
    struct UpstreamZone: Sendable {
        let tls: TLSClientContext
        let key: Secret
        let keyHeader: KeyHeader
        let connectTimeout: Duration
        /// The addresses that may be connected to; empty: every public one.
        let networks: [Network]
        /// SHA-256 of acceptable public keys (SubjectPublicKeyInfo); empty: any that the CA vouches for.
        let pins: [[UInt8]]
    }

    /// Reads the secrets, certificates and authorities that the configuration names.
    ///
    /// - Parameters:
    ///   - environment: where `{env: NAME}` is looked up.
    ///   - cores: the loops when the configuration leaves their number open.
    /// - Throws: what cannot be read or used, with the place and the remedy.
    package init(_ configuration: RelayConfiguration, environment: [String: String], cores: Int) throws(RelayStartError)
    {
        let settings = configuration.settings
        policy = configuration.policy
        clientKeys = ClientKeys(of: configuration.policy)
        session = SessionSettings(settings)
        headLimits = HTTPLimits(maxHeadBytes: settings.limits.headerBytes)
        handshake = settings.timeouts.handshake
        drain = settings.timeouts.drain
        maxSessions = settings.limits.sessions
        threads = max(1, settings.threads == 0 ? cores : settings.threads)
        listeners = try settings.listeners.map { (listener) throws(RelayStartError) in try Listener(listener) }
        var trust = TrustStores()
        var zones: [Zone: UpstreamZone] = [:]
        for zone in settings.zones {
            zones[zone.zone] = try UpstreamZone(zone, environment: environment, trust: &trust)
        }
        self.zones = zones
    }
}

extension RelaySnapshot.Listener {
    init(_ settings: ListenerSettings) throws(RelayStartError) {
        guard let address = SocketAddress(literal: "\(settings.address.ip)", port: settings.address.port) else {
            throw RelayStartError(text: "Cannot listen on \(settings.address): it is not an address of this system.")
        }
        self.address = address
        refusals = settings.refusals
        do throws(TLSError) {
            guard let tls = settings.tls else {
                self.tls = nil
                return
            }
            var certificates: [TLSCertificate] = []
            for files in tls.certificates {
                certificates.append(try TLSCertificate(chainFile: files.chain, keyFile: files.key))
            }
            self.tls = try TLSServerContext(
                certificates: certificates, minimumVersion: tls.minimum == .tls13 ? .tls13 : .tls12)
        } catch {
            throw RelayStartError(text: error.detail)
        }
    }
}

extension RelaySnapshot.UpstreamZone {
    fileprivate init(
        _ settings: ZoneSettings, environment: [String: String], trust: inout TrustStores
    ) throws(RelayStartError) {
        do throws(SecretError) { key = try settings.key.resolveForHeader(environment: environment) } catch {
            throw RelayStartError(text: "The key of zone \(settings.zone): \(error.sentence).")
        }
        do throws(TLSError) {
            tls = try TLSClientContext(trust: try trust.store(for: settings.verify.authority))
        } catch {
            throw RelayStartError(text: "The authorities of zone \(settings.zone): \(error.detail)")
        }
        keyHeader = settings.keyHeader
        connectTimeout = settings.connectTimeout
        networks = settings.verify.networks
        pins = settings.verify.pins
    }
}

/// Authorities, read once each: the system's are megabytes.
private struct TrustStores {
    private var stores: [VerifySettings.Authority: TrustStore] = [:]

    mutating func store(for authority: VerifySettings.Authority) throws(TLSError) -> TrustStore {
        if let store = stores[authority] { return store }
        let store: TrustStore
        switch authority {
        case .system: store = try TrustStore.system()
        case .file(let path): store = try TrustStore(file: path)
        }
        stores[authority] = store
        return store
    }
}

extension SessionSettings {
    init(_ settings: Settings) {
        let providers = settings.zones.map { ($0.zone, Provider($0)) }
        self.init(
            messageBytes: UInt64(settings.limits.messageBytes), bufferBytes: settings.limits.bufferBytes,
            handshake: settings.timeouts.handshake, ping: settings.timeouts.ping, pong: settings.timeouts.pong,
            stall: settings.timeouts.stall, idle: settings.timeouts.idle, session: settings.timeouts.session,
            terminate: settings.timeouts.terminate,
            providers: Dictionary(providers, uniquingKeysWith: { first, _ in first }),
            defaultProvider: providers.first?.1 ?? .assemblyAI)
    }
}

extension Provider {
    fileprivate init(_ zone: ZoneSettings) {
        switch zone.provider {
        case .generic: self = .generic(onClientLoss: zone.onClientLoss)
        case .assemblyai:
            self = .assemblyAI
            if let message = zone.onClientLoss { terminateMessage = message }
        }
    }
}
