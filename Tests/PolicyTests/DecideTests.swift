import Testing

@testable import Policy

@Suite struct DecideTests {
    // MARK: Rule 1

    @Test(arguments: [IdentityOutcome.missing, .unknown, .expired, .spent, .tenant(TenantName("removed")!)])
    func withoutAValidCredentialNothingElseIsLookedAt(identity: IdentityOutcome) {
        let (outcome, trail) = told(
            PolicyRequest(identity: identity, origin: "https://evil.example", ask: Ask(zone: .eu)),
            under: policy(residency: .zones(.us), site: Site(name: "s", zone: .ap)))
        guard case .refused(let refusal) = outcome else {
            Issue.record("granted")
            return
        }
        #expect(refusal.name == .unauthenticated)
        #expect(refusal.status == 401)
        #expect(trail == [TrailStep(rule: .credential, finding: .refuses, sentence: refusal.sentence)])
    }

    // MARK: Rule 2

    @Test(arguments: [
        ("https://app.acme.example", true),
        ("https://one.acme.example", true),
        ("https://acme.example", false),
        ("https://a.b.acme.example", false),
        ("https://evil-acme.example", false),
        ("http://app.acme.example", false),
        ("null", false),
        ("", false),
    ])
    func anOriginMustBeAmongTheTenants(origin: String, admitted: Bool) throws {
        let snapshot = policy(residency: .zones(.us), origins: [try OriginPattern("https://*.acme.example")])
        let (outcome, trail) = told(PolicyRequest(identity: .tenant(.acme), origin: origin), under: snapshot)
        if admitted {
            #expect(outcome == .granted(.us, ["us1.example"]))
        } else {
            #expect(outcome == .refused(Refusal(.origin, "Pages of this origin may not connect for tenant acme.")))
            #expect(trail.last?.rule == .origin)
        }
    }

    @Test(arguments: [true, false], [true, false])
    func theRelaysOwnOriginPassesOnlyWithAnAuthorizationHeader(hasAuthorization: Bool, isOwn: Bool) {
        let request = PolicyRequest(
            identity: .tenant(.acme), origin: isOwn ? "https://STT.example.com" : "https://other.example.com",
            hasAuthorizationHeader: hasAuthorization,
            ownOrigins: Origin.own(secure: true, hostField: "stt.example.com:443"))
        let passes = told(request, under: policy(residency: .zones(.us))).outcome == .granted(.us, ["us1.example"])
        #expect(passes == (hasAuthorization && isOwn))
    }

    @Test func theConsolesPageNeedsNoLeaveOfTheTenantAndNoOtherPageHasIt() throws {
        let snapshot = policy(residency: .zones(.us), origins: [])
        let page = "http://127.0.0.1:9901"
        let origin = try #require(Origin(page))
        func outcome(_ page: String?, _ bounds: CredentialBounds) -> Told {
            told(PolicyRequest(identity: .tenant(.acme), bounds: bounds, origin: page), under: snapshot).outcome
        }
        #expect(outcome(page, CredentialBounds(console: origin)) == .granted(.us, ["us1.example"]))
        for other in [nil, "http://127.0.0.1:9902", "https://127.0.0.1:9901", "https://evil.example", "null"] {
            let refusal = Refusal(.origin, "The credential is for pages of another origin.")
            #expect(outcome(other, CredentialBounds(console: origin)) == .refused(refusal))
        }
        // Bound to the same page, but not minted there.
        let foreign = Refusal(.origin, "Pages of this origin may not connect for tenant acme.")
        #expect(outcome(page, CredentialBounds(origin: origin)) == .refused(foreign))
        // Where the tenant's data may go, it does not change.
        #expect(outcome(page, CredentialBounds(console: origin, zone: .eu)) == refusedZone(.eu, "us"))
        let request = PolicyRequest(identity: .tenant(.acme), bounds: CredentialBounds(console: origin), origin: page)
        #expect(
            told(request, under: snapshot).trail.first { $0.rule == .origin }?.sentence
                == "The Origin \(page) is the relay's own console, whose operator asked for this session.")
    }

    // MARK: Rules 3 and 6: every residency × ask

    static let table: [(Residency, Zone?, Told)] = [
        (.zones(.eu), nil, .granted(.eu, ["eu1.example", "eu2.example"])),
        (.zones(.eu), .eu, .granted(.eu, ["eu1.example", "eu2.example"])),
        (.zones(.eu), .us, refusedZone(.us, "eu")),
        (.zones(.eu), .edge, refusedZone(.edge, "eu")),
        (.zones(.us), nil, .granted(.us, ["us1.example"])),
        (.zones(.us), .us, .granted(.us, ["us1.example"])),
        (.zones(.us), .eu, refusedZone(.eu, "us")),
        (.zones(.us), .edge, refusedZone(.edge, "us")),
        (.zones(.edge), nil, .granted(.edge, ["edge1.example"])),
        (.zones(.edge), .edge, .granted(.edge, ["edge1.example"])),
        (.zones(.edge), .us, refusedZone(.us, "edge")),
        (.zones(.edge), .eu, refusedZone(.eu, "edge")),
        (.zones(.edge, .us), nil, .granted(.edge, ["edge1.example", "us1.example"])),
        (.zones(.edge, .us), .us, .granted(.us, ["us1.example"])),
        (.zones(.edge, .us), .edge, .granted(.edge, ["edge1.example"])),
        (.zones(.edge, .us), .eu, refusedZone(.eu, "edge, us")),
        (.zones(.us, .eu), nil, .granted(.us, ["us1.example", "eu1.example", "eu2.example"])),
        (.zones(.eu, .us), nil, .granted(.eu, ["eu1.example", "eu2.example", "us1.example"])),
        (.zones(.eu, .us), .us, .granted(.us, ["us1.example"])),
        (.zones(.eu, .us), .edge, refusedZone(.edge, "eu, us")),
        (.any, nil, .granted(.edge, ["edge1.example"])),
        (.any, .us, .granted(.us, ["us1.example"])),
        (.any, .eu, .granted(.eu, ["eu1.example", "eu2.example"])),
        (.any, .edge, .granted(.edge, ["edge1.example"])),
    ]

    @Test(arguments: table)
    func theZoneIsTheOneAskedForOrTheTenantsFirst(residency: Residency, asked: Zone?, expected: Told) {
        let request = PolicyRequest(identity: .tenant(.acme), ask: Ask(zone: asked))
        #expect(told(request, under: policy(residency: residency)).outcome == expected)
    }

    @Test func anyWithoutAnEdgeZoneMustAsk() {
        let (outcome, _) = told(
            PolicyRequest(identity: .tenant(.acme)), under: policy(residency: .any, zones: [.us, .eu]))
        #expect(
            outcome
                == .refused(
                    Refusal(.residency, "No zone is asked for and no edge zone is defined here. Ask for us or eu.")))
    }

    @Test func aZoneThatIsNotDefinedIsNeverReplacedByOneOutsideTheResidency() {
        let request = PolicyRequest(identity: .tenant(.acme))
        let pinned = told(request, under: policy(residency: .zones(.eu), zones: [.edge, .us]))
        #expect(pinned.outcome == .refused(Refusal(.residency, "No zone of tenant acme (eu) is defined here.")))
        let listed = told(request, under: policy(residency: .zones(.eu, .us), zones: [.edge, .us]))
        #expect(listed.outcome == .granted(.us, ["us1.example"]))
        let asked = told(
            PolicyRequest(identity: .tenant(.acme), ask: Ask(zone: .eu)), under: policy(residency: .any, zones: [.edge])
        )
        #expect(asked.outcome == .refused(Refusal(.residency, "Zone eu is not defined here.")))
    }

    // MARK: Rule 4: every residency × site

    @Test(
        arguments: [
            (.zones(.eu), nil, true),
            (.zones(.eu), .eu, true),
            (.zones(.eu), .us, false),
            (.zones(.eu), .edge, false),
            (.zones(.us), .eu, false),
            (.zones(.edge), .eu, true),
            (.zones(.edge, .us), .eu, true),
            (.zones(.us, .eu), .eu, true),
            (.zones(.us, .eu), .ap, false),
            (.any, .eu, true),
            (.any, .ap, true),
        ] as [(Residency, Zone?, Bool)])
    func aSiteServesATenantOnlyIfTheResidencyAdmitsItsZone(residency: Residency, site: Zone?, serves: Bool) {
        let snapshot = policy(residency: residency, site: Site(name: "here", zone: site))
        let (outcome, trail) = told(PolicyRequest(identity: .tenant(.acme)), under: snapshot)
        guard case .refused(let refusal) = outcome else {
            #expect(serves)
            return
        }
        #expect(!serves)
        #expect(refusal.name == .wrongSite)
        #expect(refusal.status == 421)
        #expect(trail.last?.rule == .site)
    }

    @Test func theRefusalNamesTheSiteOfTheFirstZoneThatHasOne() {
        let elsewhere = [Zone.eu: "wss://eu.stt.example.com/v3/ws", .us: "wss://us.stt.example.com/v3/ws"]
        func site(_ residency: Residency, _ elsewhere: [Zone: String]) -> String? {
            let snapshot = policy(
                residency: residency, site: Site(name: "here", zone: .ap, elsewhere: elsewhere))
            guard case .refused(let refusal) = told(PolicyRequest(identity: .tenant(.acme)), under: snapshot).outcome
            else { return nil }
            #expect(refusal.site.map { refusal.sentence.contains($0) } ?? refusal.sentence.contains("No other site"))
            return refusal.site
        }
        #expect(site(.zones(.eu, .us), elsewhere) == "wss://eu.stt.example.com/v3/ws")
        #expect(site(.zones(.us, .eu), elsewhere) == "wss://us.stt.example.com/v3/ws")
        #expect(site(.zones(.us, .eu), [.eu: "wss://eu/"]) == "wss://eu/")
        #expect(site(.zones(.us), [.eu: "wss://eu/"]) == nil)
    }

    // MARK: Rule 5

    @Test func aLimitRefusesAndSaysWhenToComeBack() {
        let request = PolicyRequest(
            identity: .tenant(.acme),
            admission: .over(.sessions, what: "200 sessions of tenant acme", retryAfter: .seconds(3)))
        let (outcome, trail) = told(request, under: policy(residency: .zones(.eu)))
        #expect(
            outcome
                == .refused(
                    Refusal(
                        .limit, "A limit is reached: 200 sessions of tenant acme.", retryAfter: .seconds(3),
                        limit: .sessions)))
        #expect(trail.map(\.rule) == [.credential, .origin, .residency, .site, .parameters, .limits])
    }

    @Test func anEarlierRuleSpeaksFirst() {
        let request = PolicyRequest(
            identity: .tenant(.acme), origin: "https://evil.example", ask: Ask(zone: .us),
            admission: .over(.sessions, what: "x", retryAfter: nil))
        let snapshot = policy(residency: .zones(.eu), site: Site(name: "s", zone: .us))
        #expect(told(request, under: snapshot).trail.last?.rule == .origin)
        var next = request
        next.origin = nil
        #expect(told(next, under: snapshot).trail.last?.rule == .residency)
        next.ask = Ask()
        #expect(told(next, under: snapshot).trail.last?.rule == .site)
    }

    @Test func theTrailTellsWhatTheTenantMayHave() {
        let tenant = Tenant(
            name: .acme, residency: .zones(.eu), limits: TenantLimits(sessions: 200, audioRate: 1.5))
        let snapshot = PolicySnapshot(
            version: "v", site: Site(name: "s"), zones: [ZoneDefinition(.eu, endpoints: [])], tenants: [tenant])
        let trail = told(PolicyRequest(identity: .tenant(.acme)), under: snapshot).trail
        #expect(
            trail.first { $0.rule == .limits }?.sentence
                == "The limits admit the session; tenant acme may have 200 sessions at once, audio at 1.5 times real time."
        )
    }

    // MARK: The trail

    @Test func theTrailOfAGrantTellsEveryRule() {
        let (_, trail) = told(
            PolicyRequest(identity: .tenant(.acme), ask: Ask(zone: .eu)),
            under: policy(residency: .zones(.us, .eu), site: Site(name: "eu-1", zone: .eu)))
        #expect(
            trail == [
                TrailStep(rule: .credential, finding: .holds, sentence: "The credential proves tenant acme."),
                TrailStep(rule: .origin, finding: .holds, sentence: "The request has no Origin."),
                TrailStep(
                    rule: .residency, finding: .holds,
                    sentence: "Zone eu is asked for and in the tenant's residency (us, eu)."),
                TrailStep(
                    rule: .site, finding: .holds,
                    sentence: "Site eu-1 is in eu, which the tenant's residency admits."),
                TrailStep(
                    rule: .parameters, finding: .holds,
                    sentence: "The query may hold what it holds; set by policy: none."),
                TrailStep(rule: .limits, finding: .holds, sentence: "The limits admit the session."),
                TrailStep(
                    rule: .endpoints, finding: .ahead,
                    sentence: "wss://eu1.example/v3/ws (eu), then wss://eu2.example/v3/ws (eu); "
                        + "no other zone, because eu is asked for."),
                TrailStep(
                    rule: .verification, finding: .ahead,
                    sentence: "Host name and CA of each endpoint, and its zone's pins and networks."),
            ])
    }

    // MARK: The second look

    @Test(
        arguments: [
            (.zones(.eu), .eu, nil),
            (.zones(.eu), .us, .residency),
            (.zones(.us, .eu), .eu, nil),
            (.zones(.edge), .us, .residency),
            (.any, .us, nil),
        ] as [(Residency, Zone, RefusalName?)])
    func aRunningSessionIsJudgedByTheZoneItsAudioIsIn(residency: Residency, zone: Zone, expected: RefusalName?) {
        let request = PolicyRequest(identity: .tenant(.acme))
        for endpoint in endpoints(of: zone) {
            #expect(refusal(ofSessionOn: endpoint, request, under: policy(residency: residency))?.name == expected)
        }
    }

    @Test func aRunningSessionEndsWhenItsEndpointLeavesItsZone() throws {
        let request = PolicyRequest(identity: .tenant(.acme))
        let snapshot = policy(residency: .any)
        let moved = try Endpoint("wss://us1.example/v3/ws", in: .eu)
        #expect(refusal(ofSessionOn: moved, request, under: snapshot)?.name == .residency)
        let elsewhere = try Endpoint("wss://us1.example/v3/ws", in: .us, address: EndpointAddress("192.0.2.1:443"))
        #expect(refusal(ofSessionOn: elsewhere, request, under: snapshot)?.name == .residency)
        #expect(
            refusal(ofSessionOn: endpoints(of: .us)[0], request, under: policy(residency: .any, zones: [.eu]))?.name
                == .residency)
    }

    @Test func aRunningSessionOfARevokedCredentialEnds() {
        let snapshot = policy(residency: .zones(.eu))
        let revoked = PolicyRequest(identity: .unknown)
        let endpoint = endpoints(of: .eu)[0]
        #expect(refusal(ofSessionOn: endpoint, revoked, under: snapshot)?.name == .unauthenticated)
        let removed = PolicyRequest(identity: .tenant(TenantName("gone")!))
        #expect(refusal(ofSessionOn: endpoint, removed, under: snapshot)?.name == .unauthenticated)
    }

    @Test(
        arguments: [
            (.eu, "wss://eu2.example/v3/ws", nil, nil),
            (.us, "wss://us1.example/v3/ws", nil, .residency),
            (.edge, "wss://edge1.example/v3/ws", nil, .residency),
            (.ap, "wss://ap1.example/v3/ws", nil, .residency),
            (.eu, "wss://us1.example/v3/ws", nil, .residency),
            (.eu, "wss://eu1.example/v3/ws", .eu, nil),
            (.eu, "wss://eu1.example/v3/ws", .us, .wrongSite),
        ] as [(Zone, String, Zone?, RefusalName?)])
    func aSessionThatIsOverIsJudgedByWhereItsAudioWent(
        zone: Zone, endpoint: String, site: Zone?, expected: RefusalName?
    ) {
        let site = Site(name: "there", zone: site)
        let snapshot = policy(residency: .zones(.eu), site: Site(name: "here", zone: .us))
        let found = refusal(ofAudioOf: .acme, in: zone, at: endpoint, by: site, under: snapshot)
        #expect(found?.name == expected)
    }

    @Test func aSessionOfATenantThatPolicyDoesNotKnowIsNotAllowed() {
        let snapshot = policy(residency: .any)
        let found = refusal(
            ofAudioOf: TenantName("gone")!, in: .eu, at: "wss://eu1.example/v3/ws", by: Site(name: "here"),
            under: snapshot)
        #expect(found?.sentence == "Tenant gone is not in this policy.")
    }

    // MARK: Properties

    @Test func noGrantEverLeavesTheResidency() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Seeded(state: seed)
        var grants = 0
        for _ in 0..<20_000 {
            let snapshot = randomPolicy(&random)
            let request = randomRequest(&random)
            guard case .granted(var grant) = decide(request, under: snapshot).takeOutcome() else { continue }
            grants += 1
            guard let tenant = snapshot.tenants[grant.tenant] else {
                Issue.record("a grant for a tenant that is not there, seed \(seed)")
                return
            }
            checkSite(snapshot.site, tenant.residency, seed)
            // Endpoints fail any number of times: whatever is handed out on the way must be allowed.
            var failures = Int.random(in: 0...12, using: &random)
            var zones: [Zone] = [grant.zone]
            while failures >= 0, let granted = grant.next() {
                failures -= 1
                zones.append(granted.zone)
                #expect(granted.tenant == tenant.name)
                #expect(snapshot.endpoints(of: granted.zone).contains(granted.endpoint), "seed \(seed)")
            }
            check(zones, tenant.residency, request.ask, seed)
        }
        #expect(grants > 1_000, "seed \(seed) granted too little to prove anything")
    }

    private func check(_ zones: [Zone], _ residency: Residency, _ ask: Ask, _ seed: UInt64) {
        #expect(zones.allSatisfy(residency.admits), "\(zones) under \(residency), seed \(seed)")
        if let asked = ask.zone { #expect(zones.allSatisfy { $0 == asked }, "asked \(asked), seed \(seed)") }
        if case .any = residency, ask.zone == nil { #expect(zones.allSatisfy { $0 == .edge }, "seed \(seed)") }
        if case .zones(let list) = residency {
            #expect(list.contains(.edge) || !zones.contains(.edge), "edge for a pinned tenant, seed \(seed)")
            let order = zones.compactMap { list.zones.firstIndex(of: $0) }
            #expect(order == order.sorted(), "out of order, seed \(seed)")
        }
    }

    private func checkSite(_ site: Site, _ residency: Residency, _ seed: UInt64) {
        guard let zone = site.zone else { return }
        #expect(residency.admits(zone) || residency.admits(.edge), "site \(zone) served \(residency), seed \(seed)")
    }
}

private func refusedZone(_ zone: Zone, _ residency: String) -> Told {
    .refused(Refusal(.residency, "Zone \(zone) is not in the residency of tenant acme: \(residency)."))
}

private let worlds: [Zone] = [.edge, .us, .eu, .ap]

private func randomPolicy(_ random: inout Seeded) -> PolicySnapshot {
    var zones: [ZoneDefinition] = []
    for zone in worlds.shuffled(using: &random) where Int.random(in: 0..<5, using: &random) > 0 {
        let count = Int.random(in: 0...3, using: &random)
        zones.append(
            ZoneDefinition(
                zone, endpoints: (0..<count).map { try! Endpoint("wss://\(zone)\($0).example/", in: zone) }))
    }
    let tenants = ["a", "b", "c"].map { Tenant(name: TenantName($0)!, residency: randomResidency(&random)) }
    let site = Site(name: "s", zone: Bool.random(using: &random) ? worlds.randomElement(using: &random) : nil)
    return PolicySnapshot(version: "v", site: site, zones: zones, tenants: tenants)
}

private func randomResidency(_ random: inout Seeded) -> Residency {
    let count = Int.random(in: 0...4, using: &random)
    return ZoneList(Array(worlds.shuffled(using: &random).prefix(count))).map { .zones($0) } ?? .any
}

private func randomRequest(_ random: inout Seeded) -> PolicyRequest {
    let name = ["a", "b", "c", "d"].randomElement(using: &random).flatMap { TenantName($0) }
    let asked = Bool.random(using: &random) ? worlds.randomElement(using: &random) : nil
    return PolicyRequest(identity: name.map { .tenant($0) } ?? .missing, ask: Ask(zone: asked))
}
