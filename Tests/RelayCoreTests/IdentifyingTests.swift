import Policy
import RelayCore
import Testing
import WebSocket

@Suite struct IdentifyingTests {
    @Test func aGrantOpensTheClientAndDialsInTheSameTurn() {
        let play = Playbook()
        play.when(.requested(SessionRequest(ask: Ask())), then: .identify)
        play.when(.identified(.tenant(.acme)), then: .open, .dial("us1.example"))
        #expect(!play.isClosed)
    }

    @Test(
        arguments: [
            (.acme, nil, "us1.example"), (.acme, .us, "us1.example"), (.pair, nil, "edge1.example"),
            (.pair, .us, "us1.example"), (.free, nil, "edge1.example"), (.free, .eu, "eu1.example"),
        ] as [(TenantName, Zone?, String)])
    func theZoneAskedForOrTheTenantsFirstIsDialled(tenant: TenantName, ask: Zone?, host: String) {
        let play = Playbook.identifying(ask: Ask(zone: ask))
        play.when(.identified(.tenant(tenant)), then: .open, .dial(host))
    }

    @Test func aCredentialThatCannotBeJudgedIsNotWaitedForForever() {
        let play = Playbook.identifying()
        play.when(
            in: .seconds(10),
            then: .refuse(
                Refusal(.timeout, "Whether the credential is good could not be found out in time.", status: 504)),
            .conclude(.refused(.timeout)))
    }

    // MARK: Refusals

    struct Case: Sendable {
        var request = SessionRequest(ask: Ask())
        var identity = IdentityOutcome.tenant(.acme)
        var admission = Admission.admitted
        var site = Site(name: "here")
        var endpointsPerZone = 2
        let refusal: Refusal
        let code: UInt16
    }

    static let cases: [Case] = [
        Case(
            identity: .missing,
            refusal: Refusal(.unauthenticated, "A credential is needed: send a client key as Authorization."),
            code: 4401),
        Case(
            identity: .unknown,
            refusal: Refusal(.unauthenticated, "The credential is not known or not accepted here."), code: 4401),
        Case(identity: .expired, refusal: Refusal(.unauthenticated, "The credential has expired."), code: 4401),
        Case(
            identity: .spent, refusal: Refusal(.unauthenticated, "The credential has been used; it opens one session."),
            code: 4401),
        Case(
            request: SessionRequest(ask: Ask(), origin: "https://evil.example"),
            refusal: Refusal(.origin, "Pages of this origin may not connect for tenant acme."), code: 4403),
        Case(
            request: SessionRequest(ask: Ask(zone: .eu)),
            refusal: Refusal(.residency, "Zone eu is not in the residency of tenant acme: us."), code: 4403),
        Case(
            site: Site(name: "s", zone: .eu, elsewhere: [.us: "wss://us.relay.example"]),
            refusal: Refusal(
                .wrongSite, "This site is in eu; the data of tenant acme may not pass it. Use wss://us.relay.example",
                site: "wss://us.relay.example"), code: 4421),
        Case(
            admission: .over(.sessions, what: "sessions", retryAfter: .seconds(7)),
            refusal: Refusal(
                .limit, "A limit is reached: sessions.", retryAfter: .seconds(7), limit: .sessions), code: 4429),
        Case(
            endpointsPerZone: 0, refusal: Refusal(.upstreamUnavailable, "The zone has no endpoint to dial."), code: 4503
        ),
    ]

    @Test(arguments: cases)
    func aRefusalOverHTTPIsTheWholeAnswer(row: Case) {
        let play = identifying(row, .http)
        play.when(
            .identified(row.identity), then: .refuse(row.refusal),
            .conclude(.refused(row.refusal.name)))
        #expect(play.summary?.refusal == row.refusal)
        #expect(play.summary?.zone == nil)
        #expect(play.timeToDeadline == nil)
    }

    @Test(arguments: cases)
    func aRefusalOverWebSocketIsToldInTheProvidersWordsAndInAClose(row: Case) {
        let play = identifying(row, .webSocket)
        let sentence = row.refusal.sentence
        play.when(
            .identified(row.identity), then: .open,
            .error(Int(row.code), sentence, row.refusal.name.rawValue), .close(.client, row.code, sentence))
        play.when(
            .client, sends: Client.close(row.code), then: .finish(.client), .conclude(.refused(row.refusal.name)))
        #expect(play.summary?.refusal == row.refusal)
    }

    @Test(arguments: cases)
    func whoeverWasRefusedOftenEnoughHearsTheShortRefusalOverHTTPWhateverTheForm(row: Case) {
        let play = identifying(row, .webSocket)
        let short = Refusal(.limit, "Enough.", retryAfter: .seconds(3))
        play.limitRefusals(to: short)
        play.when(.identified(row.identity), then: .refuse(short), .conclude(.refused(.limit)))
        #expect(play.summary?.refusal == short)
    }

    @Test func whoeverIsGrantedIsServedHoweverOftenOthersWereRefused() {
        let play = Playbook.identifying()
        play.limitRefusals(to: Refusal(.limit, "Enough."))
        play.when(.identified(.tenant(.acme)), then: .open, .dial("us1.example"))
    }

    @Test func aSentenceTooLongForACloseIsCutBetweenCharacters() {
        let play = Playbook.identifying(form: .webSocket)
        let what = String(repeating: "é", count: 80)
        let reason = "A limit is reached: " + String(repeating: "é", count: 51)
        #expect(reason.utf8.count == 122)
        play.admission = .over(.sessions, what: what, retryAfter: nil)
        play.when(
            .identified(.tenant(.acme)), then: .open,
            .error(4429, "A limit is reached: \(what).", "limit"), .close(.client, 4429, reason))
    }

    @Test func aRefusedClientThatNeverClosesIsCutOff() {
        let play = Playbook.identifying(form: .webSocket)
        play.happens(.identified(.missing))
        play.when(.client, sends: Client.audio(), Client.ping(), Client.terminate)
        play.when(in: .seconds(5), then: .abort(.client), .conclude(.refused(.unauthenticated)))
    }

    @Test func aRefusedClientThatIsGoneIsForgotten() {
        let play = Playbook.identifying(form: .webSocket)
        play.happens(.identified(.missing))
        play.when(.legEnded(.client), then: .conclude(.refused(.unauthenticated)))
    }

    @Test func aRefusalIsToldWithTheMannersOfTheDefaultProvider() {
        let play = Playbook.identifying(.generic(), form: .webSocket)
        play.when(
            .identified(.expired), then: .open, .close(.client, 4401, "The credential has expired."))
    }

    // MARK: The limits

    @Test func nobodyAsksTheLimitsWhomPolicyRefuses() {
        for row in Self.cases where row.admission == .admitted && row.endpointsPerZone > 0 {
            let play = identifying(row, .http)
            play.happens(.identified(row.identity))
            #expect(play.askedFor.isEmpty, "\(row.refusal)")
        }
    }

    @Test func whoeverIsGrantedAsksOnceAndIsDialledThen() {
        let play = Playbook.identifying()
        play.admission = nil
        play.when(.identified(.tenant(.acme)))
        #expect(play.askedFor == [.acme] && play.timeToDeadline == .seconds(10))
        play.when(.admitted(.admitted), then: .open, .dial("us1.example"))
    }

    @Test func aLimitIsTheLastStepOfTheTrail() throws {
        let play = Playbook.identifying()
        play.admission = .over(.newSessions, what: "5 new sessions", retryAfter: .seconds(9))
        play.happens(.identified(.tenant(.acme)))
        let summary = try #require(play.summary)
        #expect(summary.limit == .newSessions && summary.tenant == .acme)
        #expect(summary.trail.last?.rule == .limits && summary.trail.last?.finding == .refuses)
    }

    @Test func aCredentialThatTurnsOutToBeSpentIsRefusedAsSuch() {
        let play = Playbook.identifying()
        play.admission = nil
        play.happens(.identified(.tenant(.acme), isOneTime: true))
        play.when(
            .admitted(.admitted, objection: .spent),
            then: .refuse(Refusal(.unauthenticated, "The credential has been used; it opens one session.")),
            .conclude(.refused(.unauthenticated)))
    }

    @Test func limitsThatDoNotAnswerAreNotWaitedForForever() {
        let play = Playbook.identifying()
        play.admission = nil
        play.happens(.identified(.tenant(.acme)))
        play.when(
            in: .seconds(10),
            then: .refuse(
                Refusal(.timeout, "Whether the credential is good could not be found out in time.", status: 504)),
            .conclude(.refused(.timeout)))
        play.when(.admitted(.admitted))
    }

    @Test func policyThatChangesWhileTheLimitsAreAskedIsThePolicyThatDecides() {
        let moved = Playbook.identifying()
        moved.admission = nil
        moved.happens(.identified(.tenant(.acme)))
        moved.happens(.policyChanged(.sample(acme: .zones(.eu))))
        moved.when(.admitted(.admitted), then: .open, .dial("eu1.example"))
        let revoked = Playbook.identifying()
        revoked.admission = nil
        revoked.happens(.identified(.tenant(.acme)))
        revoked.happens(.policyChanged(.sample(identity: .unknown)))
        revoked.when(
            .admitted(.admitted),
            then: .refuse(Refusal(.unauthenticated, "The credential is not known or not accepted here.")),
            .conclude(.refused(.unauthenticated)))
    }

    // MARK: What is known to be down

    private static let unavailable = "No endpoint of the speech provider can be reached in a zone that policy allows."

    private func endpoints(_ names: String...) throws -> [Endpoint] {
        try names.map { name in
            let zone = try #require(Zone(String(name.dropLast())))
            return try Endpoint("wss://\(name).example/v3/ws", in: zone)
        }
    }

    @Test func endpointsThatAreKnownToBeDownArePassedOver() throws {
        let down = try endpoints("edge1", "edge2", "us1").map { ($0, Duration.seconds(3)) }
        let play = Playbook.identifying()
        play.when(
            .identified(.tenant(.pair), down: Dictionary(uniqueKeysWithValues: down)), then: .open,
            .dial("us2.example"))
        play.when(
            .dialFailed(DialFailure(.connectFailed, "")), then: .error(4503, Self.unavailable, "upstream-unavailable"),
            .close(.client, 4503, Self.unavailable))
    }

    @Test func whenAllAreKnownToBeDownTheRequestIsRefusedBeforeThe101() throws {
        let seconds = [3, 2]
        let down = Dictionary(
            uniqueKeysWithValues: zip(try endpoints("us1", "us2"), seconds.map { Duration.seconds($0) }))
        let refusal = Refusal(.upstreamUnavailable, Self.unavailable, retryAfter: .seconds(2))
        let play = Playbook.identifying()
        play.when(
            .identified(.tenant(.acme), down: down), then: .refuse(refusal),
            .conclude(.refused(.upstreamUnavailable)))
        #expect(play.askedFor.isEmpty)
        #expect(play.summary?.refusal?.headerFields.contains { $0 == ("Retry-After", "2") } == true)
        let page = Playbook.identifying(form: .webSocket)
        page.when(
            .identified(.tenant(.acme), down: down), then: .open,
            .error(4503, Self.unavailable, "upstream-unavailable"), .close(.client, 4503, Self.unavailable))
        // Others' zones are no concern of this grant's.
        let other = Playbook.identifying(ask: Ask(zone: .eu))
        other.when(.identified(.tenant(.free), down: down), then: .open, .dial("eu1.example"))
    }

    // MARK: Other ends

    @Test func aDrainRefusesInTheFormTheRequestAskedFor() {
        Playbook.identifying(form: .http).when(.drain, then: .refuse(.draining), .conclude(.refused(.draining)))
        let sentence = "This relay is shutting down. Connect again."
        Playbook.identifying(form: .webSocket)
            .when(.drain, then: .open, .error(1012, sentence, "draining"), .close(.client, 1012, sentence))
    }

    @Test func aClientThatLeavesIsForgottenAndItsIdentityComesTooLate() {
        let play = Playbook.identifying()
        play.when(.legEnded(.client), then: .conclude(.abandoned))
        play.when(.identified(.tenant(.acme)))
    }

    @Test(
        arguments: [
            .requested(SessionRequest(ask: Ask(zone: .eu))), .rejected(.draining, .http), .upgradeSent,
            .dialed(.somewhere),
            .dialFailed(DialFailure(.connectFailed, "")), .deadline,
        ] as [SessionEvent])
    func nothingElseDisturbs(event: SessionEvent) {
        let play = Playbook.identifying()
        play.when(event)
        play.when(.identified(.tenant(.acme)), then: .open, .dial("us1.example"))
    }

    private func identifying(_ row: Case, _ form: RefusalForm) -> Playbook {
        let play = Playbook(policy: .sample(site: row.site, endpointsPerZone: row.endpointsPerZone))
        var request = row.request
        request.refusalForm = form
        play.admission = row.admission
        play.happens(.requested(request))
        return play
    }
}
