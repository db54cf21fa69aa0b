import Configuration
import HTTP
import Identity
import Policy
import RelayCore
import WebSocket

/// What a request's head says: what it asks for, what it proves its tenant with, and how it wants to hear a refusal.
struct RequestReading {
    let outcome: Result<SessionRequest, Refusal>
    /// How a refusal can be told: in-band only where a proper opening handshake can be answered.
    let refusalForm: RefusalForm
    let upgrade: UpgradeRequest?
    let credential: Credential?

    /// - Parameter credential: as `credential(of:certificate:)` found it.
    init(
        _ head: RequestHead, showing credential: Credential?, on listener: RelaySnapshot.Listener,
        under snapshot: RelaySnapshot
    ) {
        let handshake = Self.upgrade(of: head)
        let origin = head.fields.first("Origin")
        let form = listener.refusals.form(forOrigin: origin)
        upgrade = try? handshake.get()
        refusalForm = upgrade == nil ? .http : form
        self.credential = credential
        do throws(Refusal) {
            let ask = try Self.ask(of: head, to: .session, under: snapshot.policy)
            _ = try handshake.get()
            let parameters = try Self.parameters(of: head.target)
            outcome = .success(
                SessionRequest(
                    ask: ask, origin: origin, hasAuthorization: head.fields.count("Authorization") > 0,
                    // Nothing but an Origin is compared with them.
                    ownOrigins: origin == nil
                        ? [] : Origin.own(secure: listener.tls != nil, hostField: head.fields.first("Host") ?? ""),
                    parameters: parameters, refusalForm: form,
                    audio: AudioFormat(
                        encodings: head.target.parameter("encoding"),
                        sampleRates: head.target.parameter("sample_rate"))))
        } catch {
            outcome = .failure(error)
        }
    }

    /// What a request proves its tenant with.
    ///
    /// - Parameter certificate: what the client showed while TLS was set up.
    static func credential(of head: RequestHead, certificate: PresentedCertificate?) -> Credential? {
        Credential.find(
            certificate: certificate, authorization: head.fields.all("Authorization"),
            tokenParameter: head.target.parameter("token"),
            subprotocols: head.fields.tokens("Sec-WebSocket-Protocol"))
    }

    /// What a request asks for at a path of this kind.
    static func ask(
        of head: RequestHead, to route: Ask.Route, under policy: PolicySnapshot
    ) throws(Refusal) -> Ask {
        do throws(HTTPError) { _ = try head.target.segments() } catch { throw Refusal(error) }
        // Of two, one could be judged here and another believed elsewhere.
        guard head.fields.count("Origin") <= 1 else {
            throw Refusal(.badRequest, "A request must have only one Origin field.")
        }
        do throws(AskError) {
            return try Ask.from(
                host: head.fields.first("Host"), path: head.target.path, to: route,
                zoneParameters: head.target.parameter("zone"), hosts: policy.hosts, zones: policy.definedZones)
        } catch { throw error.refusal }
    }

    private static func parameters(of target: RequestTarget) throws(Refusal) -> [ParameterName] {
        var seen: Set<ParameterName> = []
        let names = target.parameterNames.map { ParameterName(decoded: $0) }.filter { seen.insert($0).inserted }
        guard names.count <= maxParameters else {
            throw Refusal(.badRequest, "A query may hold at most \(maxParameters) different parameters.")
        }
        return names
    }

    /// Names are kept as long as their session, and each costs memory beyond its bytes. The provider knows about fifty.
    static let maxParameters = 128

    private static func upgrade(of head: RequestHead) -> Result<UpgradeRequest, Refusal> {
        do throws(OpeningHandshakeError) { return .success(try OpeningHandshake.check(head)) } catch {
            return .failure(Refusal(.badRequest, error.sentence, status: error.status))
        }
    }
}

extension ListenerSettings.RefusalMode {
    /// How a request with this `Origin`, or with none, hears a refusal.
    func form(forOrigin origin: String?) -> RefusalForm {
        switch self {
        case .auto: origin == nil ? .http : .webSocket
        case .http: .http
        case .websocket: .webSocket
        }
    }
}
