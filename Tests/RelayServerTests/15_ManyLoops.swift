import Configuration
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
        #expect(loops.reduce(0) { $0 + $1.clientLegs } == 64)
        for loop in loops { #expect(loop.clientLegs > 0 && loop.clientLegs == loop.upstreamLegs) }
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

    /// The loops of a harbour's relay: those that watch its listeners.
    static func all(of harbour: RelayHarbour) -> [LoopView] {
        let relay = Set(harbour.relay.addresses.map(\.port))
        let providers = Set(harbour.standIn.ports.values)
        return ProcessFiles.watched.compactMap { descriptors in
            var view = LoopView()
            var isRelay = false
            for descriptor in descriptors {
                guard let own = try? Socket.localAddress(descriptor).port else { continue }
                guard let peer = try? Socket.peerAddress(descriptor).port else {
                    isRelay = isRelay || relay.contains(own)
                    continue
                }
                if relay.contains(own) { view.clientLegs += 1 }
                if providers.contains(peer) { view.upstreamLegs += 1 }
            }
            return isRelay ? view : nil
        }
    }
}
