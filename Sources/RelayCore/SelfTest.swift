import Policy
import Timing

/// The proof, before a policy is served, that the decision path refuses what it must and grants what it may.
///
/// Made-up tenants ask for sessions under the policy's own zones and site, and under sites and zones made up beside them.
/// They take the way every session takes, so a build whose decision has been broken does not pass.
package enum SelfTest {
    /// The way from a request to what is dialled. Tests put broken ones in the place of `Session`'s.
    package typealias Path = (Trial) -> Verdict

    /// One made-up request.
    package struct Trial {
        /// What is asked for, and from where.
        package var request = SessionRequest(ask: Ask(), hasAuthorization: true)
        /// What its credential proves.
        package var identity: IdentityOutcome
        /// What the limits say.
        package var admission = Admission.admitted
        /// What it is decided under.
        package var policy: PolicySnapshot
    }

    /// What became of it.
    package enum Verdict: Equatable, CustomStringConvertible {
        case refused(RefusalName)
        /// The zones dialled, in order, when no endpoint answers.
        case dialled([Zone])

        package var description: String {
            switch self {
            case .refused(let name): "refused (\(name.rawValue))"
            case .dialled(let zones): "dialled (\(zones.map(\.name).joined(separator: ", ")))"
            }
        }
    }

    /// What the decision path does wrong under the zones and the site of `policy`, as a sentence; nil: nothing.
    package static func firstFailure(under policy: PolicySnapshot, on path: Path = session) -> String? {
        for expectation in expectations(under: policy) {
            let verdict = path(expectation.trial)
            guard verdict == expectation.verdict else {
                return "\(expectation.name): expected \(expectation.verdict), and it was \(verdict)."
            }
        }
        return nil
    }

    /// The path of the real sessions.
    package static func session(_ trial: Trial) -> Verdict {
        let now = Instant(nanoseconds: 0)
        var session = Session(id: "self-test", settings: SessionSettings(), policy: trial.policy, now: now)
        _ = session.handle(.requested(trial.request), now: now)
        var reaction = session.handle(.identified(trial.identity), now: now)
        let asksLimits = reaction.actions.contains { if case .admit = $0 { true } else { false } }
        if asksLimits { reaction = session.handle(.admitted(trial.admission), now: now) }
        var zones: [Zone] = []
        for case .refuse(let refusal) in reaction.actions { return .refused(refusal.name) }
        while let granted = reaction.takeDial() {
            zones.append(granted.zone)
            reaction = session.handle(.dialFailed(DialFailure(.connectFailed, "self-test")), now: now)
        }
        return .dialled(zones)
    }
}

// MARK: What must be

extension SelfTest {
    private struct Expectation {
        let name: String
        let trial: Trial
        let verdict: Verdict
    }

    private static func expectations(under policy: PolicySnapshot) -> [Expectation] {
        let world = World(policy)
        return world.zones.flatMap { zone in
            ownZone(zone, world) + otherZones(zone, world) + otherSites(zone, world) + webhook(zone, world)
                + rules(zone, world)
        }
    }

    /// A tenant of one zone gets that zone and no other.
    private static func ownZone(_ zone: Zone, _ world: World) -> [Expectation] {
        let asked = Trial(
            request: SessionRequest(ask: Ask(zone: zone)), identity: world.tenant(of: zone), policy: world.nowhere)
        let unasked = Trial(identity: world.tenant(of: zone), policy: world.nowhere)
        return [
            Expectation(name: "a tenant of \(zone) that asks for it", trial: asked, verdict: world.service(in: zone)),
            Expectation(
                name: "a tenant of \(zone) that asks for nothing", trial: unasked, verdict: world.service(in: zone)),
        ]
    }

    private static func otherZones(_ zone: Zone, _ world: World) -> [Expectation] {
        world.zones.filter { $0 != zone }.map { other in
            let trial = Trial(
                request: SessionRequest(ask: Ask(zone: other)), identity: world.tenant(of: zone), policy: world.nowhere)
            return Expectation(
                name: "a tenant of \(zone) that asks for \(other)", trial: trial, verdict: .refused(.residency))
        }
    }

    /// A residency of `edge` makes no promise, and so no demand on the site.
    private static func otherSites(_ zone: Zone, _ world: World) -> [Expectation] {
        world.sites.map { site in
            let isServed = site.zone.map { $0 == zone || zone == .edge } ?? true
            return Expectation(
                name: "a tenant of \(zone) at a site in \(site.zone?.name ?? "no zone")",
                trial: Trial(identity: world.tenant(of: zone), policy: world.policy(at: site)),
                verdict: isServed ? world.service(in: zone) : .refused(.wrongSite))
        }
    }

    /// Transcripts sent to a webhook leave the zone. A residency of `edge` has promised nothing about them.
    private static func webhook(_ zone: Zone, _ world: World) -> [Expectation] {
        var trial = Trial(identity: world.tenant(of: zone), policy: world.nowhere)
        trial.request.parameters = ["webhook_url"]
        return [
            Expectation(
                name: "a webhook for a tenant of \(zone)", trial: trial,
                verdict: zone == .edge ? world.service(in: zone) : .refused(.badRequest))
        ]
    }

    private static func rules(_ zone: Zone, _ world: World) -> [Expectation] {
        var foreign = Trial(identity: world.tenant(of: zone), policy: world.nowhere)
        foreign.request.origin = "https://elsewhere.invalid"
        var surplus = Trial(identity: world.tenant(of: zone), policy: world.nowhere)
        surplus.admission = .over(.sessions, what: "self-test", retryAfter: nil)
        let strangers = [IdentityOutcome.missing, .unknown, .expired, .spent, .exhausted, .unremembered].map {
            identity in
            Expectation(
                name: "a credential that is \(identity)", trial: Trial(identity: identity, policy: world.nowhere),
                verdict: .refused(.unauthenticated))
        }
        return strangers + [
            Expectation(name: "a foreign origin", trial: foreign, verdict: .refused(.origin)),
            Expectation(name: "a session over a limit", trial: surplus, verdict: .refused(.limit)),
        ]
    }
}

/// The policy's zones and site with made-up ones beside them, and a made-up tenant for each zone.
private struct World {
    let zones: [Zone]
    let sites: [Site]
    private let definitions: [ZoneDefinition]
    private let tenants: [Tenant]

    init(_ policy: PolicySnapshot) {
        // A configuration of one zone has nothing to be refused; these have.
        let madeUp = ["self-test-a", "self-test-b"].compactMap { Zone($0) }.filter { !policy.definedZones.contains($0) }
        definitions = policy.zones + madeUp.map { ZoneDefinition($0, endpoints: World.endpoints(of: $0)) }
        let zones = definitions.map(\.zone)
        self.zones = zones
        sites = [policy.site] + zones.filter { $0 != .edge }.map { Site(name: "self-test", zone: $0) }
        tenants = zones.indices.compactMap { index in
            TenantName("self-test-\(index)").map { Tenant(name: $0, residency: .zones(zones[index])) }
        }
    }

    /// Decided where the relay's own place forbids nothing.
    var nowhere: PolicySnapshot { policy(at: Site(name: "self-test")) }

    func policy(at site: Site) -> PolicySnapshot {
        PolicySnapshot(version: "self-test", site: site, zones: definitions, tenants: tenants)
    }

    func tenant(of zone: Zone) -> IdentityOutcome {
        tenants.first { $0.residency.admits(zone) }.map { .tenant($0.name) } ?? .missing
    }

    /// Every endpoint of the zone, and nothing else.
    func service(in zone: Zone) -> SelfTest.Verdict {
        var endpoints: [Endpoint] = []
        // One that is listed twice is dialled once.
        for endpoint in definitions.first(where: { $0.zone == zone })?.endpoints ?? []
        where !endpoints.contains(endpoint) {
            endpoints.append(endpoint)
        }
        return endpoints.isEmpty ? .refused(.upstreamUnavailable) : .dialled(endpoints.map(\.zone))
    }

    /// RFC 6761 §6.4: a name under `invalid` leads nowhere, and it is never looked up.
    private static func endpoints(of zone: Zone) -> [Endpoint] {
        do { return [try Endpoint("wss://\(zone).invalid/", in: zone)] } catch { return [] }
    }
}
