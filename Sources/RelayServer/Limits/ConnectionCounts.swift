import Policy
import Reactor
import RelayCore

/// The connections that are open from each address, shared by all loops. Thread-safe: its lock is held for one look-up, when
/// a connection is taken and when it is over.
///
/// An address is what one subscriber has at least, so of IPv6 it is a network of 64 bits.
final class ConnectionCounts: Sendable {
    private struct State {
        var bound: ConnectionBound
        var counts: [IPAddress: Int] = [:]
    }

    private let state: Lock<State>

    init(_ bound: ConnectionBound) {
        state = Lock(State(bound: bound))
    }

    /// Those that are open may stay, however many they are.
    func change(to bound: ConnectionBound) {
        state.withLock { $0.bound = bound }
    }

    /// Counts one more connection from an address, for as long as what is returned lives; nil: there are too many.
    func enter(_ address: IPAddress) -> ConnectionPlace? {
        let subscriber = address.subscriber
        let isIn = state.withLock { state in
            let before = state.counts[subscriber] ?? 0
            guard before < state.bound.count || !state.bound.binds(address) else { return false }
            state.counts[subscriber] = before + 1
            return true
        }
        return isIn ? ConnectionPlace(of: subscriber, in: self) : nil
    }

    fileprivate func leave(_ subscriber: IPAddress) {
        state.withLock { state in
            let rest = (state.counts[subscriber] ?? 0) - 1
            state.counts[subscriber] = rest > 0 ? rest : nil
        }
    }

    /// How many addresses have connections now.
    var addresses: Int { state.withLock { $0.counts.count } }
}

/// How many connections one address may have at once.
struct ConnectionBound: Sendable {
    let count: Int
    /// Whether programs of this machine are bound, too.
    let bindsOwnMachine: Bool

    func binds(_ address: IPAddress) -> Bool {
        bindsOwnMachine || address.scope != .loopback
    }
}

/// One connection's place among those of its address. It is given back when nobody has it any more.
final class ConnectionPlace: Sendable {
    private let subscriber: IPAddress
    private let counts: ConnectionCounts

    fileprivate init(of subscriber: IPAddress, in counts: ConnectionCounts) {
        self.subscriber = subscriber
        self.counts = counts
    }

    deinit {
        counts.leave(subscriber)
    }
}
