import Configuration
import Glibc
import Policy
import Reactor
import RelayServer
import RelayTestKit
import StandIn
import Synchronization
import Testing
import Timing

/// A relay with several threads: connections are spread over its loops, and each session stays on one.
@Suite("15 Many loops", .overEachHTTP, .timeLimit(.minutes(10))) struct ManyLoops {
    @Test(.overHTTP1Alone) func sessionsAreSpreadAndHaveBothTheirLegsOnOneLoop() throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        let neighbours = try Neighbours(in: harbour, count: 64)
        try neighbours.goAround(times: 1)
        let loops = LoopView.all(of: harbour)
        #expect(loops.count == 2)
        #expect(loops.sum(\.clientLegs) == 64)
        for loop in loops { #expect(loop.clientLegs > 0 && loop.clientLegs == loop.upstreamLegs) }
    }

    /// A connection changes lists when a request of it is granted.
    @Test func whoeverStreamsIsHeardBeforeWhoeverHasOnlyCome() throws {
        let harbour = try RelayHarbour { $0.makeNeighbours() }
        let newcomers = try (0..<3).map { _ in try WireClient(port: harbour.relay.addresses[0].port) }
        defer { for newcomer in newcomers { newcomer.reset() } }
        let neighbours = try Neighbours(in: harbour, count: 4)
        try neighbours.goAround(times: 1)
        let deadline = MonotonicClock.now() + RelayHarbour.patience
        var loops = LoopView.all(of: harbour)
        while loops.sum(\.patientLegs) < newcomers.count, MonotonicClock.now() < deadline {
            poll(nil, 0, 10)  // Nobody tells when a connection was accepted.
            loops = LoopView.all(of: harbour)
        }
        #expect(loops.sum(\.patientLegs) == newcomers.count)
        #expect(loops.sum(\.clientLegs) > newcomers.count)
        #expect(loops.sum(\.patientListeners) == loops.sum(\.listeners))
    }

    /// Names are looked up by other threads, and sessions begin, talk and end on all loops meanwhile.
    @Test(arguments: Seeds.some(1))
    func loopsAndLookUpsDoNotDisturbEachOther(seed: UInt64) throws {
        let harbour = try RelayHarbour { plan in
            plan.resolver = Resolver(
                lookup: { $0.hasPrefix("bad") ? .failure(.notFound) : .success([.loopback(port: 0)]) },
                clock: HourlyClock().now)
            plan.makeNeighbours()
            try plan.rename("edge", to: "echo.test")
            try plan.rename("us", to: "speech.test")
            let adjust = plan.adjustZone
            plan.adjustZone = { zone, ports in
                try adjust(&zone, ports)
                zone.verify.networks = ["127.0.0.1/32"].compactMap { Network($0) }
                let names = zone.zone == .edge ? ["bad.test", "echo.test"] : ["speech.test"]
                zone.endpoints = try names.map {
                    try Endpoint("wss://\($0):\(ports[zone.zone.name] ?? 0)/v3/ws", in: zone.zone)
                }
            }
        }
        var random = SeededGenerator(seed: seed)
        for _ in 0..<10 {
            let echoes = (0..<10).map { _ in harbour.client("umbrella") }
            let speakers = (0..<10).map { _ in harbour.client("globex") }
            for client in echoes { try client.opened() }
            for client in speakers.shuffled(using: &random).prefix(5) { client.reset() }
            for client in echoes { #expect(try client.roundTrip("hello")) }
            for client in echoes + speakers { client.reset() }
        }
        #expect(OpenSockets.waiting(for: OpenSockets(sessions: 0), of: harbour) == OpenSockets(sessions: 0))
        #expect(harbour.sessions(comingTo: 0) == 0)
    }
}

/// A clock that moves on by an hour whenever it is asked, so that no answer is ever fresh.
private final class HourlyClock: Sendable {
    private let hours = Atomic<UInt64>(0)

    func now() -> Instant {
        Instant(nanoseconds: hours.add(1, ordering: .relaxed).newValue * 3_600_000_000_000)
    }
}

/// One of the relay's loops, as the kernel sees it: the sockets that its epoll instance watches.
private struct LoopView {
    var clientLegs = 0
    var upstreamLegs = 0
    /// Legs, of either kind, that are heard behind all others.
    var patientLegs = 0
    var listeners = 0
    var patientListeners = 0

    /// The loops of a harbour's relay: those that watch its listeners.
    static func all(of harbour: RelayHarbour) -> [LoopView] {
        let relay = Set(harbour.relay.addresses.map(\.port))
        let providers = Set(harbour.standIn.ports.values)
        let patient = ProcessFiles.patient
        return ProcessFiles.watched.compactMap { descriptors in
            var view = LoopView()
            for descriptor in descriptors {
                guard let own = try? Socket.localAddress(descriptor).port else { continue }
                let isPatient = patient.contains(descriptor)
                guard let peer = try? Socket.peerAddress(descriptor).port else {
                    guard relay.contains(own) else { continue }
                    view.listeners += 1
                    if isPatient { view.patientListeners += 1 }
                    continue
                }
                if relay.contains(own) { view.clientLegs += 1 }
                if providers.contains(peer) { view.upstreamLegs += 1 }
                if isPatient { view.patientLegs += 1 }
            }
            return view.listeners > 0 ? view : nil
        }
    }
}

extension [LoopView] {
    fileprivate func sum(_ part: KeyPath<LoopView, Int>) -> Int {
        reduce(0) { $0 + $1[keyPath: part] }
    }
}
