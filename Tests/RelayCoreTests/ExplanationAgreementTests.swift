import Policy
import RelayCore
import RelayTestKit
import Testing

/// What `explain` says of a request is what a session makes of it.
@Suite struct ExplanationAgreementTests {
    private static let names = ["edge", "us", "eu", "ap"].compactMap { Zone($0) }

    @Test func explanationAndSessionAgreeOnAnyRequest() throws {
        var random = SeededGenerator(seed: .random(in: .min ... .max))
        let seed = random.seed
        var granted = 0
        for _ in 0..<400 {
            let world = RandomWorld(of: Self.names, using: &random)
            let policy = try world.policy { zone, number in
                try Endpoint("wss://\(zone)-\(number).example/v3/ws", in: zone)
            }
            for _ in 0..<10 {
                let request = RandomRequest(in: world, asking: Self.names, using: &random)
                let explained = explained(request, under: policy)
                let played = played(request, under: policy)
                #expect(explained == played, "\(request) in \(world), seed \(seed)")
                if case .granted = played { granted += 1 }
            }
        }
        #expect(granted > 400, "seed \(seed)")
    }
}

/// What both must say.
private enum Told: Equatable {
    /// The hosts dialled when each fails, in order.
    case granted([String])
    case refused(name: String, status: Int, sentence: String)
}

private func explained(_ request: RandomRequest, under policy: PolicySnapshot) -> Told {
    // Two zones cannot be put to `explain`; what such a request gets does not depend on the tenant.
    if let refusal = askRefusal(of: request, under: policy), Set(request.asked).count > 1 { return told(refusal) }
    let explanation = Explanation(
        tenant: request.tenant, asking: request.asked.first?.name, origin: request.origin,
        parameters: request.parameters.map(\.description), under: policy)
    switch explanation.outcome {
    case .granted(_, let candidates): return .granted(candidates.map { host(in: $0.url) })
    case .refused(let denial): return .refused(name: denial.name, status: denial.status, sentence: denial.sentence)
    }
}

private func played(_ request: RandomRequest, under policy: PolicySnapshot) -> Told {
    let play = Playbook(policy: policy)
    var effects: [Effect]
    do throws(AskError) {
        let ask = try ask(of: request, under: policy)
        play.happens(.requested(SessionRequest(ask: ask, origin: request.origin, parameters: request.parameters)))
        effects = play.happens(.identified(.tenant(request.tenant)))
    } catch {
        effects = play.happens(.rejected(error.refusal, .http))
    }
    var dialled: [String] = []
    while true {
        for effect in effects {
            if case .refuse(let refusal) = effect { return told(refusal) }
        }
        guard case .dial(let host, _)? = effects.last else { return .granted(dialled) }
        dialled.append(host)
        effects = play.happens(.dialFailed(DialFailure(.connectFailed, "")))
    }
}

private func ask(of request: RandomRequest, under policy: PolicySnapshot) throws(AskError) -> Ask {
    try Ask.from(
        host: request.host, path: request.path, zoneParameters: request.zoneParameters, hosts: policy.hosts,
        zones: policy.definedZones)
}

private func askRefusal(of request: RandomRequest, under policy: PolicySnapshot) -> Refusal? {
    do throws(AskError) {
        _ = try ask(of: request, under: policy)
        return nil
    } catch {
        return error.refusal
    }
}

private func told(_ refusal: Refusal) -> Told {
    .refused(name: refusal.name.rawValue, status: refusal.status, sentence: refusal.sentence)
}

private func host(in url: String) -> String {
    String(url.split(separator: "/")[1])
}
