import Foundation
import HTTP
import Identity
import Reactor
import StandIn

/// One session, or refusal, of the demonstration.
struct DemoScene: Sendable {
    /// What it shows.
    let story: String
    let tenant: String
    /// Sent as `?zone=`.
    var ask: String?
    /// Sent as `Origin`, as a page would.
    var origin: String?
    /// Whether the tenant's own key is shown, or one nobody knows.
    var hasGoodKey = true
    /// The zone that must hear it; nil: it must be refused.
    let zone: String?

    /// Those that speak at once, while every zone is up.
    static let withAllZones = [
        DemoScene(story: "an EU tenant asks for nothing", tenant: "acme-gmbh", zone: "eu"),
        DemoScene(story: "a US tenant asks for nothing", tenant: "globex", zone: "us"),
        DemoScene(story: "edge first, then us", tenant: "initech", zone: "edge"),
        DemoScene(story: "any zone: asks for eu", tenant: "hooli", ask: "eu", zone: "eu"),
        DemoScene(story: "any zone: asks for nothing", tenant: "hooli", zone: "edge"),
        DemoScene(story: "its own page", tenant: "acme-gmbh", origin: DemoTenant.origin, zone: "eu"),
        DemoScene(story: "a US tenant asks for eu", tenant: "globex", ask: "eu", zone: nil),
        DemoScene(story: "a key nobody knows", tenant: "globex", hasGoodKey: false, zone: nil),
        DemoScene(story: "a stranger's page", tenant: "acme-gmbh", origin: "https://evil.example", zone: nil),
    ]
    static let withoutEdge = [DemoScene(story: "edge is down: the next zone", tenant: "initech", zone: "us")]
    static let withoutEU = [DemoScene(story: "eu is down: nowhere else", tenant: "acme-gmbh", zone: nil)]

    static var speechSeconds: Int { DemoAudio.pcmBytes.count / (2 * DemoAudio.sampleRate) }

    /// Plays every scene. Blocks until all are over.
    static func playAll(in harbour: DemoHarbour, isPaced: Bool) -> [DemoResult] {
        var results = play(withAllZones, in: harbour, isPaced: isPaced)
        results += playWithout("edge", withoutEdge, in: harbour, isPaced: isPaced)
        results += playWithout("eu", withoutEU, in: harbour, isPaced: isPaced)
        return results
    }

    private static func playWithout(
        _ zone: String, _ scenes: [DemoScene], in harbour: DemoHarbour, isPaced: Bool
    ) -> [DemoResult] {
        harbour.standIn.server.takeDown(zone)
        defer { harbour.standIn.server.bringUp(zone) }
        return play(scenes, in: harbour, isPaced: isPaced)
    }

    /// All scenes at once, each on a thread of its own.
    private static func play(_ scenes: [DemoScene], in harbour: DemoHarbour, isPaced: Bool) -> [DemoResult] {
        let clients = scenes.map { harbour.client(target: $0.target, fields: $0.fields(harbour.tenants)) }
        let outcomes = Lock([SpeechClient.Outcome](repeating: SpeechClient.Outcome(), count: scenes.count))
        let group = DispatchGroup()
        for (index, client) in clients.enumerated() {
            let thread = Thread {
                var speech = SpeechClient()
                speech.isPaced = isPaced
                let outcome = speech.stream(over: client)
                outcomes.withLock { $0[index] = outcome }
                group.leave()
            }
            group.enter()
            thread.start()
        }
        group.wait()
        return zip(scenes, outcomes.withLock { $0 }).map { scene, outcome in
            DemoResult(scene: scene, outcome: outcome, ledger: harbour.standIn.server.ledger.snapshot)
        }
    }

    private var target: String {
        let query = "sample_rate=\(DemoAudio.sampleRate)&demo=\(mark)"
        return "/v3/ws?\(query)" + (ask.map { "&zone=\($0)" } ?? "")
    }

    /// Finds the scene's session in the stand-in's ledger: the query reaches it byte for byte.
    var mark: String {
        story.filter(\.isLetter)
    }

    private func fields(_ tenants: [DemoTenant]) -> HeaderFields {
        var fields: HeaderFields = [:]
        let key = hasGoodKey ? tenants.first { $0.name == tenant }?.key.text : "tg_unknown"
        fields.append("Authorization", key ?? "")
        if let origin { fields.append("Origin", origin) }
        return fields
    }
}

/// What came of a scene: what the client saw, and what the provider's side saw.
struct DemoResult {
    let scene: DemoScene
    let outcome: SpeechClient.Outcome
    /// The zone whose stand-in heard the audio, by that stand-in's own ledger.
    let zone: String?
    let billedSeconds: Int?

    init(scene: DemoScene, outcome: SpeechClient.Outcome, ledger: Ledger) {
        self.scene = scene
        self.outcome = outcome
        let session = ledger.sessions.first { $0.request.target.contains("demo=\(scene.mark)") }
        zone = session?.zone
        billedSeconds = session?.billedSeconds
    }

    /// Heard where it should be and ended properly, or refused and heard nowhere.
    var isAsExpected: Bool {
        guard zone == scene.zone else { return false }
        return scene.zone == nil ? refusal != nil : outcome.termination != nil && !outcome.transcripts.isEmpty
    }

    /// The refusal's sentence, in whichever form it came.
    var refusal: String? {
        if let error = outcome.error?["error"]?.string { return error }
        guard outcome.refusal != nil, let text = String(validating: outcome.refusalBody, as: UTF8.self) else {
            return nil
        }
        return (try? JSONValue(parsing: text))?["detail"]?.string
    }
}
