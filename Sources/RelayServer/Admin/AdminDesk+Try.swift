import HTTP
import Identity
import JSON
import Policy
import Reactor
import Telemetry

/// What the page needs that opens a session of a tenant for an operator.
extension AdminDesk {
    /// What can be chosen, and what keeps it from working, with the remedy.
    func tellChoices(_ reply: (AdminAnswer) -> Void) {
        let state = status.current
        var object = JSONObjectWriter()
        object.member("tenants", json: JSONText.array(tenants(of: state.policy)))
        object.member("zones", json: JSONText.array(state.policy.definedZones.map { Self.quoted($0.name) }))
        object.member("listeners", json: JSONText.array(state.listeners.map(Self.json)))
        object.member("hosts", json: JSONText.array(state.policy.hosts.keys.sorted().map(Self.quoted)))
        object.member("obstacles", json: JSONText.array(obstacles(state).map(\.json)))
        reply(AdminAnswer(body: object.json))
    }

    private func tenants(of policy: PolicySnapshot) -> [[UInt8]] {
        policy.tenants.values.sorted { $0.name.text < $1.name.text }.map { tenant in
            var object = JSONObjectWriter()
            object.member("name", tenant.name.text)
            object.member("residency", "\(tenant.residency)")
            return object.json
        }
    }

    private static func quoted(_ text: String) -> [UInt8] { Array(JSONText.quoted(text).utf8) }

    private static func json(of listener: RelayStatus.BoundListener) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member("port", Int(listener.address.port))
        object.member("secure", listener.isSecure)
        return object.json
    }

    /// What keeps sessions from being tried.
    private func obstacles(_ state: RelayStatus.State) -> [Obstacle] {
        var obstacles: [Obstacle] = []
        if admission.token == nil {
            obstacles.append(
                Obstacle(
                    text: "Whoever opens sessions in a tenant's name must prove to be an operator, and this admin "
                        + "listener asks nobody. Give it a token:",
                    remedy: "admin:\n  token: {file: secrets/admin-token}     # openssl rand -hex 32"))
        }
        if state.snapshot.tokens == nil {
            obstacles.append(
                Obstacle(
                    text: "A page opens a session with a token, and this relay mints none. Give it a signing key:",
                    remedy: "tokens:\n  signing_keys: [{file: secrets/token-key}]     # openssl rand -hex 32"))
        }
        return obstacles
    }

    private struct Obstacle {
        let text: String
        let remedy: String

        var json: [UInt8] {
            var object = JSONObjectWriter()
            object.member("text", text)
            object.member("remedy", remedy)
            return object.json
        }
    }
}

// MARK: A token

extension AdminDesk {
    /// Mints a token for one session of `?tenant=`, in `?zone=` if one is named, from the page that asks and no other.
    ///
    /// The page is the relay's own and no page of the tenant's; rule 2 says so in the session's trail, and the receipt names the
    /// console as what proved the tenant.
    func mintToken(_ request: AdminRequest, _ reply: (AdminAnswer) -> Void) {
        let state = status.current
        if let obstacle = obstacles(state).first {
            return reply(.problem(409, "\(obstacle.text) \(obstacle.remedy)"))
        }
        do throws(StrictQuery.Fault) {
            let query = try StrictQuery(request.target, names: ["tenant", "zone"])
            guard let tenant = try query.text("tenant").flatMap({ TenantName($0) }) else {
                throw StrictQuery.Fault(sentence: "Name the tenant: ?tenant=NAME.")
            }
            guard let origin = request.head.fields.first("Origin").flatMap({ Origin($0) }) else {
                throw StrictQuery.Fault(sentence: "A page asks for this, and its browser says from which origin.")
            }
            let zone = try query.text("zone").map { (name) throws(StrictQuery.Fault) in
                guard let zone = Zone(name) else { throw StrictQuery.Fault(sentence: "zone is a zone's name.") }
                return zone
            }
            reply(mint(for: tenant, CredentialBounds(console: origin, zone: zone, session: Self.longestTry), state))
        } catch {
            reply(.problem(400, error.sentence))
        }
    }

    /// A token for whoever could open such a session now, by the same decision.
    private func mint(for tenant: TenantName, _ bounds: CredentialBounds, _ state: RelayStatus.State) -> AdminAnswer {
        guard let tokens = state.snapshot.tokens else { return .problem(409, "This relay mints no tokens.") }
        let request = PolicyRequest(
            identity: .tenant(tenant), bounds: bounds, origin: bounds.origin?.description, ask: Ask(zone: bounds.zone))
        if case .refused(let refusal) = decide(request, under: state.policy).takeOutcome() {
            return .problem(403, refusal.sentence)
        }
        let token = SessionToken(
            for: tenant, lifetime: Self.tokenSeconds, from: WallClock.seconds(), bounds: bounds, ground: .console,
            name: "console")
        metrics.add(.tokensMinted, bounds.zone?.name ?? "none")
        log.write(
            .info, .tokenMinted, .tenant(tenant.text), bounds.zone.map { .zone($0.name) }, .kind("console"),
            .expiresIn(Self.tokenSeconds))
        var object = JSONObjectWriter()
        object.member("token", tokens.keys.mint(token))
        object.member("expires_in_seconds", Self.tokenSeconds)
        object.member("origin", bounds.origin?.description ?? "")
        return AdminAnswer(body: object.json)
    }

    /// The page connects at once.
    private static let tokenSeconds = 60
    /// A trial is no way to work.
    private static let longestTry = Duration.seconds(600)
}
