import Bytes
import Policy
import RelayCore
import Timing
import WebSocket

// MARK: Policy

extension Zone {
    static let us = Zone("us")!
    static let eu = Zone("eu")!
}

extension TenantName {
    /// Pinned to `us`.
    static let acme = TenantName("acme")!
    /// `edge` first, then `us`.
    static let pair = TenantName("pair")!
    /// Any zone.
    static let free = TenantName("free")!
}

extension PolicySnapshot {
    /// Three tenants, and two endpoints in each zone: `us1.example`, `us2.example`.
    static func sample(
        version: String = "v1", site: Site = Site(name: "here"), endpointsPerZone: Int = 2,
        acme: Residency = .zones(.us), allow: Set<ParameterName>? = nil, limits: TenantLimits = TenantLimits()
    ) -> PolicySnapshot {
        PolicySnapshot(
            version: version, site: site,
            zones: [Zone.edge, .us, .eu].map { zone in
                let urls = (0..<endpointsPerZone).map { "wss://\(zone)\($0 + 1).example/v3/ws" }
                return ZoneDefinition(zone, endpoints: urls.map { try! Endpoint($0, in: zone) })
            },
            tenants: [
                Tenant(name: .acme, residency: acme, limits: limits, parameters: ParameterRules(allow: allow)),
                Tenant(name: .pair, residency: .zones(.edge, .us)),
                Tenant(name: .free, residency: .any),
            ])
    }
}

extension Reconsideration {
    /// The same policy as `v2`, but for the residency of `acme` and the parameters its clients may send.
    static func sample(
        acme: Residency = .zones(.us), identity: IdentityOutcome = .tenant(.acme), verified: Bool = true,
        endpointsPerZone: Int = 2, allow: Set<ParameterName>? = nil, limits: TenantLimits = TenantLimits()
    ) -> Reconsideration {
        Reconsideration(
            policy: .sample(
                version: "v2", endpointsPerZone: endpointsPerZone, acme: acme, allow: allow, limits: limits),
            identity: identity,
            isStillVerified: verified)
    }
}

// MARK: Sessions on their way

extension SessionSettings {
    /// A provider that is not AssemblyAI, with what it wants to hear when a client is lost.
    static func generic(onClientLoss message: String? = nil) -> SessionSettings {
        SessionSettings(defaultProvider: .generic(onClientLoss: message))
    }
}

extension Playbook {
    /// A request was made.
    static func identifying(
        _ settings: SessionSettings = SessionSettings(), ask: Ask = Ask(), form: RefusalForm = .http,
        audio: AudioFormat = AudioFormat(), policy: PolicySnapshot = .sample()
    ) -> Playbook {
        let play = Playbook(settings, policy: policy)
        play.happens(.requested(SessionRequest(ask: ask, refusalForm: form, audio: audio)))
        return play
    }

    /// The 101 is out and the tenant's first endpoint is dialled.
    static func dialing(
        _ settings: SessionSettings = SessionSettings(), tenant: TenantName = .acme, ask: Ask = Ask(),
        audio: AudioFormat = AudioFormat(), limits: TenantLimits = TenantLimits()
    ) -> Playbook {
        let play = identifying(settings, ask: ask, audio: audio, policy: .sample(limits: limits))
        play.happens(.identified(.tenant(tenant)))
        return play
    }

    /// Both legs are open; the provider has said nothing.
    static func opened(
        _ settings: SessionSettings = SessionSettings(), audio: AudioFormat = AudioFormat(),
        limits: TenantLimits = TenantLimits()
    ) -> Playbook {
        let play = dialing(settings, audio: audio, limits: limits)
        play.happens(.upgradeSent)
        play.happens(.dialed(.somewhere))
        return play
    }

    /// The provider has said `Begin`.
    static func relaying(
        _ settings: SessionSettings = SessionSettings(), audio: AudioFormat = AudioFormat(),
        limits: TenantLimits = TenantLimits()
    ) -> Playbook {
        let play = opened(settings, audio: audio, limits: limits)
        if settings.defaultProvider.speaksAssemblyAI { play.arrives(Upstream.begin, from: .upstream) }
        return play
    }
}

// MARK: Frames

func closePayload(_ code: UInt16, _ reason: String = "") -> [UInt8] {
    [UInt8(code >> 8), UInt8(code & 0xFF)] + reason.utf8
}

/// Frames as a client sends them: masked, each with a key of its own.
enum Client {
    static func frame(_ opcode: Opcode, _ payload: [UInt8] = [], fin: Bool = true) -> [UInt8] {
        FrameSerializer.frame(opcode: opcode, payload: payload, mask: key(of: payload), fin: fin)
    }

    /// The key of a frame with this payload: never 0, and different for different lengths.
    static func key(of payload: [UInt8]) -> UInt32 { 0x9E37_79B9 &* UInt32(payload.count + 1) }

    static func text(_ text: String, fin: Bool = true) -> [UInt8] { frame(.text, Array(text.utf8), fin: fin) }
    static func audio(_ count: Int = 100, fin: Bool = true) -> [UInt8] { frame(.binary, sound(count), fin: fin) }
    static func more(_ payload: [UInt8], fin: Bool = false) -> [UInt8] { frame(.continuation, payload, fin: fin) }
    static func ping(_ text: String = "") -> [UInt8] { frame(.ping, Array(text.utf8)) }
    static let pong = frame(.pong)
    static func close(_ code: UInt16, _ reason: String = "") -> [UInt8] { frame(.close, closePayload(code, reason)) }
    static let emptyClose = frame(.close)
    static let terminate = text(#"{"type":"Terminate"}"#)
    /// RSV2 without an extension.
    static let breach: [UInt8] = [0xA2, 0x80, 0, 0, 0, 0]

    static func sound(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) } }
}

/// Frames as the provider sends them.
enum Upstream {
    static func frame(_ opcode: Opcode, _ payload: [UInt8] = [], fin: Bool = true) -> [UInt8] {
        FrameSerializer.frame(opcode: opcode, payload: payload, fin: fin)
    }

    static func text(_ text: String, fin: Bool = true) -> [UInt8] { frame(.text, Array(text.utf8), fin: fin) }
    static func more(_ text: String, fin: Bool = false) -> [UInt8] { frame(.continuation, Array(text.utf8), fin: fin) }
    static func ping(_ text: String = "") -> [UInt8] { frame(.ping, Array(text.utf8)) }
    static let pong = frame(.pong)
    static func close(_ code: UInt16, _ reason: String = "") -> [UInt8] { frame(.close, closePayload(code, reason)) }
    static let emptyClose = frame(.close)
    static let begin = text(#"{"type":"Begin","id":"0b6f","expires_at":1795360603}"#)
    static let turn = text(#"{"turn_order":0,"end_of_turn":false,"transcript":"Good morning","type":"Turn"}"#)
    static let termination = text(
        #"{"type":"Termination","audio_duration_seconds":5,"session_duration_seconds":7}"#)
    static func error(_ code: Int) -> [UInt8] { text(#"{"type":"Error","error_code":\#(code),"error":"words"}"#) }
    /// Masked, which no server's frame may be.
    static let breach: [UInt8] = [0x82, 0x80, 0, 0, 0, 0]
}

// MARK: Chance

/// A small seeded generator (SplitMix64): the same seed gives the same run.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}

extension UpstreamPeer {
    static let somewhere = UpstreamPeer(address: "192.0.2.1:443", certificateSHA256: Array(repeating: 7, count: 32))
}
