import Policy
import RelayCore
import Testing
import Timing
import WebSocket

/// A session ends once, whatever ends it, in whatever phase, and whatever comes on top of it.
@Suite struct EndingsTests {
    // MARK: Pairs

    /// What can end a session, or come close to it.
    enum Cause: CaseIterable, Sendable {
        case clientClose, clientEmptyClose, clientEnd, clientBreach, clientTerminate
        case upstreamClose, upstreamEnd, upstreamBreach, upstreamError, keyRejected, keyRejectedByClose, termination,
            begin
        case dialed, dialFailed, keyRefused, upgradeSent, recorded, notRecorded
        case sessionTime, idleness, clientStall, upstreamStall, silence, noBegin, drain, dismiss
        case policyWithdrawn, policyKept, credentialRevoked

        static let ofClient: [Cause] = [.clientClose, .clientEmptyClose, .clientEnd, .clientBreach]
        static let ofUpstream: [Cause] = [
            .upstreamClose, .upstreamEnd, .upstreamBreach, .upstreamError, .keyRejected, .keyRejectedByClose,
            .termination, .begin,
        ]
    }

    enum Phase: CaseIterable, Sendable {
        case awaiting, identifying, refused, dialing, dialingUpgradeSent, dialingUnrecorded, dialedUnrecorded, opened,
            relaying, terminated
        case insideFrameUp, insideMessageUp, insideFrameDown, insideMessageDown
        case generic, genericWithMessage, genericInsideMessage, genericClientClosed, bothPaused
    }

    @Test(arguments: Phase.allCases)
    func everyTwoReasonsInBothOrdersEndASessionOnceWithTheFirst(phase: Phase) {
        for first in Cause.allCases {
            let reason = reasonAlone(first, in: phase)
            for second in Cause.allCases {
                let play = play(in: phase)
                bring(first, to: play)
                bring(second, to: play)
                // What has ended needs nothing but its deadlines; what has not is drained.
                if reason == nil { bring(.drain, to: play) }
                #expect(play.runDeadlines(), "\(first), \(second): not over")
                #expect(play.faults == [], "\(first), \(second)")
                if let reason { #expect(play.summary?.ending == reason, "\(first), \(second)") }
                expectProperEnds(of: play, after: [first, second])
            }
        }
    }

    /// What a peer that did nothing to end the session may expect of its end.
    private func expectProperEnds(of play: Playbook, after causes: [Cause]) {
        guard let ending = play.summary?.ending else { return }
        if play.hasUpstream, play.isForAssemblyAI, !causes.contains(where: Cause.ofUpstream.contains) {
            #expect(play.toUpstream.texts.contains(#"{"type":"Terminate"}"#), "\(causes)")
        }
        if play.isOpen, ending != .silent(.client), !causes.contains(where: Cause.ofClient.contains) {
            #expect(play.toClient.isClosed || play.toClient.isInsideFrame, "\(causes)")
        }
    }

    /// The reason recorded when `cause` comes and then a drain; nil when it is the drain that ended the session.
    private func reasonAlone(_ cause: Cause, in phase: Phase) -> Ending? {
        let play = play(in: phase)
        bring(cause, to: play)
        play.happens(.drain)
        #expect(play.runDeadlines(), "\(cause)")
        #expect(play.faults == [], "\(cause)")
        let isDrain = play.summary?.ending == .drained || play.summary?.ending == .refused(.draining)
        return isDrain && cause != .drain ? nil : play.summary?.ending
    }

    /// Each limit can be reached without another: they are all different, and far from the 5 s of a closing handshake.
    private static func settings(_ provider: Provider = .assemblyAI) -> SessionSettings {
        SessionSettings(
            bufferBytes: 1000, handshake: .seconds(40), ping: .seconds(100), pong: .seconds(50), stall: .seconds(30),
            idle: .seconds(200), session: .seconds(1000), terminate: .seconds(7), defaultProvider: provider)
    }

    private func play(in phase: Phase) -> Playbook {
        switch phase {
        case .awaiting: return Playbook(Self.settings())
        case .identifying: return .identifying(Self.settings(), form: .webSocket)
        case .refused:
            let play = Playbook.identifying(Self.settings(), form: .webSocket)
            play.happens(.identified(.missing))
            return play
        case .dialing: return .dialing(Self.settings())
        case .dialingUpgradeSent:
            let play = Playbook.dialing(Self.settings())
            play.happens(.upgradeSent)
            play.arrives(Array(Client.audio(50, fin: false).dropLast()), from: .client)
            return play
        case .dialingUnrecorded, .dialedUnrecorded:
            var settings = Self.settings()
            settings.recordsOpenings = true
            let play = Playbook.dialing(settings)
            play.happens(.upgradeSent)
            play.arrives(Array(Client.audio(50, fin: false).dropLast()), from: .client)
            if phase == .dialedUnrecorded { play.happens(.dialed(.somewhere)) }
            return play
        case .opened: return .opened(Self.settings())
        case .relaying: return .relaying(Self.settings())
        case .terminated: return relaying(client: Client.terminate, upstream: Upstream.termination)
        case .insideFrameUp: return relaying(client: Array(Client.audio(50).dropLast()))
        case .insideMessageUp: return relaying(client: Client.audio(50, fin: false))
        case .insideFrameDown: return relaying(upstream: Upstream.frame(.binary, Client.sound(50)).dropLast())
        case .insideMessageDown:
            return relaying(upstream: Upstream.text(String(repeating: "x", count: 600), fin: false))
        case .generic: return .relaying(Self.settings(.generic(onClientLoss: nil)))
        case .genericWithMessage: return .relaying(Self.settings(.generic(onClientLoss: "bye")))
        case .genericInsideMessage:
            return relaying(.generic(onClientLoss: "bye"), client: Client.audio(50, fin: false))
        case .genericClientClosed:
            return relaying(.generic(onClientLoss: "bye"), client: Client.audio(9, fin: false) + Client.close(1000))
        case .bothPaused:
            let play = Playbook.relaying(Self.settings())
            play.waits(1000, for: .client)
            play.waits(1000, for: .upstream)
            return play
        }
    }

    private func relaying(
        _ provider: Provider = .assemblyAI, client: [UInt8] = [], upstream: [UInt8] = []
    ) -> Playbook {
        let play = Playbook.relaying(Self.settings(provider))
        play.arrives(client, from: .client)
        play.arrives(upstream, from: .upstream)
        return play
    }

    private func bring(_ cause: Cause, to play: Playbook) {
        switch cause {
        case .clientClose: play.arrives(Client.close(4000, "x"), from: .client)
        case .clientEmptyClose: play.arrives(Client.emptyClose, from: .client)
        case .clientEnd: play.happens(.legEnded(.client))
        case .clientBreach: play.arrives(Client.breach, from: .client)
        case .clientTerminate: play.arrives(Client.terminate, from: .client)
        case .upstreamClose: play.arrives(Upstream.close(3005, "x"), from: .upstream)
        case .upstreamEnd: play.happens(.legEnded(.upstream))
        case .upstreamBreach: play.arrives(Upstream.breach, from: .upstream)
        case .upstreamError: play.arrives(Upstream.error(3006), from: .upstream)
        case .keyRejected: play.arrives(Upstream.error(1008), from: .upstream)
        case .keyRejectedByClose: play.arrives(Upstream.close(1008), from: .upstream)
        case .termination: play.arrives(Upstream.termination, from: .upstream)
        case .begin: play.arrives(Upstream.begin, from: .upstream)
        case .dialed: play.happens(.dialed(.somewhere))
        case .dialFailed: play.happens(.dialFailed(DialFailure(.connectFailed, "")))
        case .keyRefused: play.happens(.dialFailed(DialFailure(.keyRejected, "")))
        case .upgradeSent: play.happens(.upgradeSent)
        case .recorded: play.happens(.recorded)
        case .notRecorded: play.happens(.notRecorded)
        case .sessionTime: pass(.seconds(1000), in: play)
        case .idleness: pass(.seconds(200), in: play)
        case .clientStall:
            play.waits(999, for: .client)
            pass(.seconds(30), in: play)
        case .upstreamStall:
            play.waits(999, for: .upstream)
            pass(.seconds(30), in: play)
        case .silence: pass(.seconds(150), in: play)
        case .noBegin: pass(.seconds(40), in: play)
        case .drain: play.happens(.drain)
        case .dismiss: play.happens(.dismiss)
        case .policyWithdrawn: play.happens(.policyChanged(.sample(acme: .zones(.eu))))
        case .policyKept: play.happens(.policyChanged(.sample()))
        case .credentialRevoked: play.happens(.policyChanged(.sample(identity: .unknown)))
        }
    }

    private func pass(_ time: Duration, in play: Playbook) {
        play.wait(time)
        play.happens(.deadline)
    }

    // MARK: Anything at all

    @Test func whateverHappensASessionKeepsItsRulesAndCanBeEnded() {
        for seed in UInt64(0)..<2000 {
            var chance = Seeded(state: seed)
            let play = play(in: Phase.allCases.randomElement(using: &chance)!)
            for _ in 0..<Int.random(in: 1...20, using: &chance) { somethingHappens(to: play, using: &chance) }
            play.happens(.drain)
            #expect(play.runDeadlines(), "seed \(seed): not over")
            #expect(play.isClosed, "seed \(seed)")
            #expect(play.summary != nil, "seed \(seed)")
            #expect(play.faults == [], "seed \(seed)")
        }
    }

    private func somethingHappens(to play: Playbook, using chance: inout Seeded) {
        let leg: Leg = Bool.random(using: &chance) ? .client : .upstream
        switch Int.random(in: 0..<10, using: &chance) {
        case 0: bring(Cause.allCases.randomElement(using: &chance)!, to: play)
        case 1: play.happens(Self.events.randomElement(using: &chance)!)
        case 2: play.waits([0, 1, 400, 500, 999, 1000, 5000].randomElement(using: &chance)!, for: leg)
        case 3: pass(.seconds(Int.random(in: 0...12, using: &chance)), in: play)
        case 4: play.arrives(garbage(using: &chance), from: leg)
        case 5:
            play.arrives(
                Array(frames(of: leg, using: &chance).dropLast(Int.random(in: 0...3, using: &chance))), from: leg)
        default:
            play.arrives(
                frames(of: leg, using: &chance), from: leg, inPiecesOf: Int.random(in: 1...200, using: &chance))
        }
    }

    private static let events: [SessionEvent] =
        [
            .requested(SessionRequest(ask: Ask())),
            .requested(SessionRequest(ask: Ask(zone: .eu), refusalForm: .webSocket)),
            .rejected(Refusal(.badRequest, "x"), .http), .identified(.tenant(.acme)),
            .identified(.tenant(.pair)), .identified(.expired), .admitted(.admitted),
            .admitted(.over(.sessions, what: "x", retryAfter: nil)), .audioDrawn(.later), .audioDrawn(.usedUp),
            .spending, .placeLost,
            .audioDrawn(.granted(.seconds(1), UTCDay(number: 1))), .upgradeSent, .dialed(.somewhere),
            .recorded, .notRecorded, .deadline,
            .legEnded(.client), .legEnded(.upstream), .drain, .dismiss, .policyChanged(.sample()),
            .policyChanged(.sample(acme: .any)), .policyChanged(.sample(acme: .zones(.eu))),
            .policyChanged(.sample(verified: false)), .policyChanged(.sample(identity: .missing)),
        ] + DialFailure.Kind.allCases.map { .dialFailed(DialFailure($0, "")) }

    private func garbage(using chance: inout Seeded) -> [UInt8] {
        (0..<Int.random(in: 1...40, using: &chance)).map { _ in .random(in: 0 ... .max, using: &chance) }
    }

    private func frames(of leg: Leg, using chance: inout Seeded) -> [UInt8] {
        if Bool.random(using: &chance) {
            return RandomStream(of: leg, using: &chance, sizes: [0, 1, 5, 125, 126, 600]).bytes
        }
        let some: [[UInt8]] =
            leg == .client
            ? [
                Client.terminate, Client.ping("x"), Client.audio(20), Client.audio(20, fin: false), Client.close(1001),
                Client.more([1], fin: true),
            ]
            : [
                Upstream.begin, Upstream.turn, Upstream.termination, Upstream.error(1008), Upstream.ping(),
                Upstream.close(1000),
            ]
        return some.randomElement(using: &chance)!
    }
}
