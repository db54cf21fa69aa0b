import Foundation
import Glibc
import Reactor
import RelayServer
import StandIn
import Testing
import Timing

/// The TCP sockets of this process that belong to one harbour, whatever other tests have open: those with one of its
/// servers' ports at either end.
struct OpenSockets: Equatable {
    /// The relay's ends of connections with clients, and theirs.
    var withClients = 0
    /// The relay's ends of connections with providers, and theirs.
    var withProviders = 0

    /// What so many sessions need: each has four ends in this process.
    init(sessions: Int) {
        withClients = 2 * sessions
        withProviders = 2 * sessions
    }

    private init(of harbour: RelayHarbour) {
        let relay = Set(harbour.clientPorts)
        let providers = Set(harbour.standIn.ports.values)
        for descriptor in ProcessFiles.descriptors {
            guard let peer = try? Socket.peerAddress(descriptor), let own = try? Socket.localAddress(descriptor) else {
                continue
            }
            if !relay.isDisjoint(with: [own.port, peer.port]) { withClients += 1 }
            if !providers.isDisjoint(with: [own.port, peer.port]) { withProviders += 1 }
        }
    }

    /// Waits until a harbour has these, and so many sessions; returns what it has when they do not come about.
    static func waiting(for wanted: OpenSockets, of harbour: RelayHarbour) -> OpenSockets {
        let deadline = MonotonicClock.now() + RelayHarbour.patience
        while true {
            let found = OpenSockets(of: harbour)
            if found == wanted || MonotonicClock.now() > deadline { return found }
            poll(nil, 0, 10)  // Nobody tells when a descriptor is closed.
        }
    }
}

extension RelayHarbour {
    /// Waits until the relay has so many sessions; returns how many it has when they do not come about. Over HTTP/2 a session
    /// may outlive its client's socket by a moment: the bridge stands between.
    func sessions(comingTo wanted: Int) -> Int {
        let deadline = MonotonicClock.now() + Self.patience
        while relay.sessionCount != wanted, MonotonicClock.now() < deadline {
            poll(nil, 0, 10)  // Nobody tells when a session is over.
        }
        return relay.sessionCount
    }
}

/// What the kernel tells of this process's descriptors.
enum ProcessFiles {
    /// All that are open.
    static var descriptors: [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.compactMap { Int32($0) }
    }

    /// For each epoll instance that no other watches, the descriptors that it watches, itself or through others.
    static var watched: [[Int32]] {
        let lists = lists
        let nested = Set(lists.values.joined())
        return lists.filter { !nested.contains($0.key) }.values.map { own in
            own + own.flatMap { lists[$0] ?? [] }
        }
    }

    /// The descriptors that an epoll instance watches through another.
    static var patient: Set<Int32> {
        let lists = lists
        return Set(Set(lists.values.joined()).flatMap { lists[$0] ?? [] })
    }

    /// What each epoll instance watches itself, by its descriptor.
    private static var lists: [Int32: [Int32]] {
        var lists: [Int32: [Int32]] = [:]
        for descriptor in descriptors {
            guard let facts = try? String(contentsOfFile: "/proc/self/fdinfo/\(descriptor)", encoding: .utf8) else {
                continue
            }
            let watched = facts.matches(of: /tfd:\s*(\d+)/).compactMap { Int32($0.output.1) }
            if !watched.isEmpty { lists[descriptor] = watched }
        }
        return lists
    }
}
