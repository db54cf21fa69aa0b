import Policy
import Reactor
import RelayCore
import Telemetry
import Timing

/// What all loops together know of the upstream endpoints: a breaker for each. Touched when a session is
/// identified and when a dial begins and ends, never while bytes pass. Thread-safe.
package final class EndpointHealth: Sendable {
    /// One endpoint as operators see it.
    package struct Status: Equatable, Sendable {
        /// Which.
        package let endpoint: Endpoint
        /// What its breaker does.
        package let state: Breaker.State
        /// How often the breaker opened.
        package let openings: Int
        /// What went wrong last.
        let lastFailure: Failure?
    }

    /// A dial that failed.
    struct Failure: Equatable, Sendable {
        /// When, in Unix time.
        let time: Double
        let failure: DialFailure
    }

    private struct Board {
        /// In the order of the configuration.
        var endpoints: [Endpoint] = []
        var breakers: [Endpoint: Breaker] = [:]
        var openings: [Endpoint: Int] = [:]
        var failures: [Endpoint: Failure] = [:]
    }

    private let rules: Breaker.Rules
    private let log: Log
    private let board = Lock(Board())

    init(_ rules: Breaker.Rules, log: Log) {
        self.rules = rules
        self.log = log
    }

    /// Every endpoint of the running configuration, in its order.
    package func states() -> [Status] {
        board.withLock { board in
            board.endpoints.compactMap { endpoint in
                board.breakers[endpoint].map {
                    Status(
                        endpoint: endpoint, state: $0.state, openings: board.openings[endpoint] ?? 0,
                        lastFailure: board.failures[endpoint])
                }
            }
        }
    }

    /// A configuration comes into force. What is known of endpoints that stay, stays.
    func keep(_ endpoints: [Endpoint]) {
        board.withLock { board in
            let fresh = endpoints.map { ($0, board.breakers[$0] ?? Breaker(rules)) }
            board.breakers = Dictionary(fresh, uniquingKeysWith: { first, _ in first })
            board.endpoints = fresh.map(\.0)
            board.openings = board.openings.filter { board.breakers[$0.key] != nil }
            board.failures = board.failures.filter { board.breakers[$0.key] != nil }
        }
    }

    /// The endpoints that are known to be down, and when each is worth asking for again.
    func down(now: Instant) -> [Endpoint: Duration] {
        board.withLock { board in
            var down: [Endpoint: Duration] = [:]
            for (endpoint, breaker) in board.breakers {
                if let patience = breaker.patience(now: now) { down[endpoint] = patience }
            }
            return down
        }
    }

    /// Whether an endpoint is dialled, as far as anybody knows.
    func isUsable(_ endpoint: Endpoint) -> Bool {
        board.withLock { $0.breakers[endpoint].map { $0.state != .open } ?? true }
    }

    /// Asks whether an endpoint is dialled. Who may dial calls `note`, once.
    func admit(_ endpoint: Endpoint, now: Instant) -> Breaker.Admission {
        change(endpoint) { $0.admit(now: now) } ?? .dial
    }

    /// A dial is over.
    func note(_ outcome: Breaker.Outcome, of endpoint: Endpoint, isTrial: Bool, now: Instant) {
        let jitter = Double.random(in: 0...1)
        _ = change(endpoint) { $0.note(outcome, isTrial: isTrial, now: now, jitter: jitter) }
    }

    /// A dial has failed. One that was not made says nothing new.
    func note(_ failure: DialFailure, of endpoint: Endpoint, isTrial: Bool, now: Instant) {
        if failure.kind != .knownDown {
            let last = Failure(time: WallClock.seconds(), failure: failure)
            board.withLock { if $0.breakers[endpoint] != nil { $0.failures[endpoint] = last } }
        }
        note(failure.kind.outcome, of: endpoint, isTrial: isTrial, now: now)
    }

    /// Changes what is known of an endpoint, unless it is gone from the configuration, and tells of a breaker that moved.
    private func change<Result>(_ endpoint: Endpoint, _ body: (inout Breaker) -> Result) -> Result? {
        let changed = board.withLock { board -> (result: Result, from: Breaker.State, to: Breaker.State)? in
            guard var breaker = board.breakers[endpoint] else { return nil }
            let before = breaker.state
            let result = body(&breaker)
            board.breakers[endpoint] = breaker
            if breaker.state == .open, before != .open { board.openings[endpoint, default: 0] += 1 }
            return (result, before, breaker.state)
        }
        guard let changed else { return nil }
        if changed.from != changed.to { tell(changed.to, of: endpoint) }
        return changed.result
    }

    private func tell(_ state: Breaker.State, of endpoint: Endpoint) {
        let (level, event): (LogLevel, LogEvent) =
            switch state {
            case .open: (.error, .breakerOpened)
            case .halfOpen: (.info, .breakerHalfOpened)
            case .closed: (.info, .breakerClosed)
            }
        log.write(level, event, .zone(endpoint.zone.name), .endpoint(endpoint.description))
    }
}
