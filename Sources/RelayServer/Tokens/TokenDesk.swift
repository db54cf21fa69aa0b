import HTTP
import Identity
import Policy
import Reactor
import RelayCore
import Telemetry
import Timing
import Transport

/// Answers one request for a session token: `GET /v3/token`, with the zones and credentials of a session's request.
///
/// A token is minted for whoever could open a session now, by the same decision; it costs no dial. Lives for one request,
/// on its worker's thread.
struct TokenDesk {
    private let head: RequestHead
    private let certificate: PresentedCertificate?
    private let client: IPAddress?
    private let begun: Instant
    private let listener: RelaySnapshot.Listener
    private let tokens: RelaySnapshot.Tokens
    private unowned let worker: Worker

    /// Nil when the request is for something else, or no tokens are minted here.
    init?(_ head: RequestHead, of client: Transport, on listener: RelaySnapshot.Listener, worker: Worker) {
        guard let tokens = worker.snapshot.tokens, head.target.path.hasSuffix(Ask.Route.token.rawValue) else {
            return nil
        }
        self.head = head
        self.client = listener.client(of: head, at: client.peer)
        begun = worker.loop.now
        certificate = worker.snapshot.certificate(of: client, on: listener)
        self.listener = listener
        self.tokens = tokens
        self.worker = worker
    }

    /// Gives the answer as soon as it is known whom the credential proves, or what keeps a refusal from being told in
    /// full.
    func answer(_ reply: @escaping (Result<Answer, RefusalObstacle>) -> Void) {
        guard head.method != "OPTIONS" else {
            return reply(.success(TokenAnswer.options.answer(access(of: nil).preflightFields)))
        }
        // A token mints no other.
        worker.identify(credential) { found in
            let identification = found.oneTime == nil ? found : .unknown
            reply(Result { () throws(RefusalObstacle) in try answer(to: identification) })
        }
    }

    private func answer(to identification: Identification) throws(RefusalObstacle) -> Answer {
        let tenant = identification.tenant.flatMap { policy.tenants[$0] }
        let access = access(of: tenant)
        return try outcome(identification).answer(access.fields, isHead: head.method == "HEAD")
    }

    private var policy: PolicySnapshot { worker.snapshot.policy }

    private func access(of tenant: Tenant?) -> PageAccess {
        PageAccess(head.fields.all("Origin"), tenant: tenant, pages: worker.snapshot.pages)
    }

    private func outcome(_ identification: Identification) throws(RefusalObstacle) -> TokenAnswer {
        do throws(TokenProblem) {
            try checkRequest()
            let ask = try ask()
            let query = try query()
            try judge(identification, ask, query)
            return try mint(identification, ask, query)
        } catch {
            return try refuse(error, identification)
        }
    }

    private func refuse(
        _ problem: TokenProblem, _ identification: Identification
    ) throws(RefusalObstacle) -> TokenAnswer {
        let refused = Refused(identification.outcome, showing: credential, at: client)
        if let obstacle = worker.obstacle(to: refused) { throw obstacle }
        worker.told(refused)
        let summary = summary(of: problem, identification)
        worker.tokenRefused(summary, problem.refusal)
        return switch problem {
        case .refused(let refusal, _): .refused(refusal, session: summary.id)
        case .invalid(let faults): .invalid(faults)
        }
    }

    /// What is put on record of a request that is not granted.
    private func summary(of problem: TokenProblem, _ identification: Identification) -> SessionSummary {
        var summary = SessionSummary(
            ofTokenRefused: problem.refusal, id: worker.newSessionID(), under: policy,
            after: worker.loop.now.duration(since: begun))
        summary.client = client
        summary.tenant = identification.tenant
        summary.proof = identification.proof
        summary.origin = head.fields.first("Origin")
        summary.asked = (try? ask())?.zone
        summary.trail = problem.trail
        return summary
    }
}

/// Why a request for a token is not granted.
private enum TokenProblem: Error {
    case refused(Refusal, [TrailStep] = [])
    /// Told in the provider's form.
    case invalid([TokenFault])

    var refusal: Refusal {
        switch self {
        case .refused(let refusal, _): refusal
        case .invalid: Refusal(.badRequest, "The request for a token has faults.")
        }
    }

    /// The rules that led to it; empty where none was asked.
    var trail: [TrailStep] {
        switch self {
        case .refused(_, let trail): trail
        case .invalid: []
        }
    }
}

// MARK: What is asked

extension TokenDesk {
    private func checkRequest() throws(TokenProblem) {
        guard head.method == "GET" else {
            throw .refused(Refusal(.badRequest, "A token is asked for with GET.", status: 405))
        }
        // RFC 9110 §9.3.1: content of a GET means nothing, and has been used to smuggle requests.
        let length = try? head.fields.contentLength()
        guard head.fields.count("Transfer-Encoding") == 0, length ?? 0 == 0 else {
            throw .refused(Refusal(.badRequest, "A request for a token has no body."))
        }
        guard worker.admitsSessions else { throw .refused(.draining) }
    }

    private func ask() throws(TokenProblem) -> Ask {
        do throws(Refusal) {
            return try RequestReading.ask(of: head, to: .token, under: policy)
        } catch { throw .refused(error) }
    }

    private func query() throws(TokenProblem) -> TokenQuery {
        do throws(TokenQuery.Faults) {
            return try TokenQuery(head.target, longest: tokens.maximumLifetime, hasCredential: credential != nil)
        } catch { throw .invalid(error.all) }
    }
}

// MARK: Who asks, and whether they may

extension TokenDesk {
    /// Not from the query or the subprotocols: what may stand there is a token, and a token mints no other.
    private var credential: Credential? {
        Credential.find(certificate: certificate, authorization: head.fields.all("Authorization"))
    }

    /// As for a session, asked from where this request comes; and from the pages that the token is for.
    private func judge(_ identification: Identification, _ ask: Ask, _ query: TokenQuery) throws(TokenProblem) {
        var request = PolicyRequest(
            identity: identification.outcome, bounds: identification.bounds, origin: head.fields.first("Origin"),
            hasAuthorizationHeader: head.fields.count("Authorization") > 0,
            ownOrigins: Origin.own(secure: listener.tls != nil, hostField: head.fields.first("Host") ?? ""), ask: ask)
        try judge(request)
        guard let origin = query.origin else { return }
        request.origin = origin.description
        request.hasAuthorizationHeader = false
        try judge(request)
    }

    private func judge(_ request: PolicyRequest) throws(TokenProblem) {
        let decision = decide(request, under: policy)
        let trail = decision.trail
        switch decision.takeOutcome() {
        case .granted: break
        case .refused(let refusal): throw .refused(refusal, trail)
        }
    }

    private func mint(
        _ identification: Identification, _ ask: Ask, _ query: TokenQuery
    ) throws(TokenProblem) -> TokenAnswer {
        guard let tenant = identification.tenant, let proof = identification.proof else {
            preconditionFailure("a request was granted without a credential that proves a tenant")
        }
        switch worker.tokens.admitMint(for: tenant, by: credential, now: worker.loop.now) {
        case .admitted: break
        case .over(let limit, let what, let wait):
            throw .refused(Refusal(.limit, "A limit is reached: \(what).", retryAfter: wait, limit: limit))
        }
        let token = SessionToken(
            for: tenant, lifetime: query.lifetime, from: WallClock.seconds(),
            bounds: CredentialBounds(zone: ask.zone, origin: query.origin, session: .seconds(query.session)),
            ground: proof.ground, name: proof.name)
        worker.tokenMinted(token, lifetime: query.lifetime, by: proof.kind)
        return .minted(tokens.keys.mint(token), lifetime: query.lifetime)
    }
}

extension Identification {
    fileprivate var tenant: TenantName? {
        if case .tenant(let name) = outcome { name } else { nil }
    }
}

// MARK: What operators see of it

extension Worker {
    fileprivate func tokenMinted(_ token: SessionToken, lifetime: Int, by kind: CredentialProof.Kind) {
        metrics.add(.tokensMinted, token.bounds.zone?.name ?? "none")
        log.write(
            .info, .tokenMinted, .tenant(token.tenant.text), token.bounds.zone.map { .zone($0.name) },
            .kind(kind.rawValue), .expiresIn(lifetime))
    }

    fileprivate func tokenRefused(_ summary: SessionSummary, _ refusal: Refusal) {
        metrics.add(.refusals, refusal.name.rawValue)
        if let recent = RecentRefusal(summary, at: WallClock.seconds(), kind: .token) { recentRefusals.add(recent) }
        log.write(
            .info, .refused, .session(summary.id), summary.client.map { .client("\($0)") },
            summary.tenant.map { .tenant($0.text) },
            summary.asked.map { .asked($0.name) }, .kind("token-request"), .refusal(refusal.name.rawValue),
            .policy(summary.policy), .detail(refusal.sentence))
        receipts?.concluded(summary, at: summary.site)
    }
}
