import Policy
import Reactor
import RelayCore
import Timing

/// The limits of refusals in this process, shared by all loops so that they hold for the process, and the number of those that
/// were not told in full. Thread-safe: its lock is held for some dozen instructions, once for a request and again for a
/// refusal, and never while bytes pass.
final class RefusalLimiter: Sendable {
    private struct State {
        var limits: RefusalLimits
        var untold = UntoldRefusals()
        /// Somebody has seen to it that they are reported.
        var isReportDue = false
    }

    private let state: Lock<State>
    /// Whether settings change the rules.
    private let isFixed: Bool

    /// - Parameter fixed: rules that hold whatever settings say; nil: those of `perMinute`.
    init(perMinute: Int, fixed: RefusalLimits.Rules?) {
        state = Lock(State(limits: RefusalLimits(fixed ?? RefusalLimits.Rules(perMinute: perMinute))))
        isFixed = fixed != nil
    }

    func change(perMinute: Int) {
        guard !isFixed else { return }
        state.withLock { $0.limits.change(to: RefusalLimits.Rules(perMinute: perMinute)) }
    }

    /// Why a refusal of `refused` cannot be told in full now; nil: it can.
    func obstacle(to refused: Refused, now: Instant) -> RefusalObstacle? {
        state.withLock { $0.limits.obstacle(to: refused, now: now) }
    }

    /// A refusal is told in full.
    func told(_ refused: Refused, now: Instant) {
        state.withLock { $0.limits.told(refused, now: now) }
    }

    /// One more was not told in full. Whoever hears true reports all such a second later, with `takeUntold`.
    func countUntold(_ bound: RefusalObstacle.Bound) -> Bool {
        state.withLock { state in
            state.untold.add(bound)
            defer { state.isReportDue = true }
            return !state.isReportDue
        }
    }

    /// Those that were not told in full since they were asked for last.
    func takeUntold() -> UntoldRefusals {
        state.withLock { state in
            defer { (state.untold, state.isReportDue) = (UntoldRefusals(), false) }
            return state.untold
        }
    }
}

/// Refusals that were not told in full, by what kept them from it.
struct UntoldRefusals: Sendable {
    private(set) var counts: [RefusalObstacle.Bound: Int] = [:]

    mutating func add(_ bound: RefusalObstacle.Bound) {
        counts[bound, default: 0] += 1
    }

    var total: Int { counts.values.reduce(0, +) }

    /// For people: `3 by address, 40 by relay`.
    var description: String {
        RefusalObstacle.Bound.allCases.compactMap { bound in counts[bound].map { "\($0) by \(bound.rawValue)" } }
            .joined(separator: ", ")
    }
}
