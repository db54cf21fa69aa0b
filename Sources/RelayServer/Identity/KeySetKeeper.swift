import Identity
import Reactor
import Telemetry
import Timing

/// Keeps the keys of one identity provider, on a thread of its own. Thread-safe.
final class KeySetKeeper: Sendable {
    let address: KeySetAddress
    private let tools: KeySetTools
    private let state: Lock<State>
    private let wakeup = Semaphore()

    private struct State {
        var schedule: KeySetSchedule
        var keys: KeySet?
        /// In the order of the fetches they wait for.
        var waiting: [Waiting] = []
        var count = KeySetCount()
        /// The provider did not give its keys when it was last asked; the log has it.
        var isAway = false
        var isStopped = false
    }

    /// Somebody who is told once a fetch is over.
    private struct Waiting {
        let fetch: Int
        let then: @Sendable () -> Void
    }

    init(_ address: KeySetAddress, _ tools: KeySetTools) {
        self.address = address
        self.tools = tools
        state = Lock(State(schedule: KeySetSchedule(at: tools.now())))
    }

    /// Fetches the keys, now and whenever it is time. Without a thread to be had there are none.
    func start() {
        do throws(SystemError) {
            _ = try LoopThread.start(name: "keys") { self.run() }
        } catch {
            tools.log.write(.error, .keySetUnavailable, .issuer(address.issuer), .detail("no thread: \(error)"))
            stop()
        }
    }

    /// Fetches nothing more and tells whoever waits. A request that is under way is not waited for.
    func stop() {
        release { state in
            state.isStopped = true
            return .max
        }
        wakeup.signal()
    }

    var keys: KeySet? { state.withLock { $0.keys } }

    var count: KeySetCount { state.withLock { $0.count } }

    /// See `KeySetStore.refresh`.
    func refresh(then: @escaping @Sendable () -> Void) {
        let isWaiting = state.withLock { state in
            guard !state.isStopped, state.waiting.count < Self.maxWaiting,
                let fetch = state.schedule.ask(at: tools.now(), withKeys: state.keys != nil)
            else { return false }
            state.waiting.append(Waiting(fetch: fetch, then: then))
            return true
        }
        if isWaiting { wakeup.signal() } else { then() }
    }

    /// Clients that wait for one fetch. Beyond it is a flood, and those of it are judged by the keys at hand.
    static let maxWaiting = 10_000
}

// MARK: The thread

extension KeySetKeeper {
    private func run() {
        var finder = KeySetFinder(address, tools.fetch)
        while let isAsked = nextErrand() {
            do throws(KeySetFailure) {
                take(try finder.find(inHaste: isAsked))
            } catch {
                note(error)
            }
        }
    }

    /// Waits until it is time to fetch. Returns whether somebody waits for it; nil when nothing is fetched any more.
    private func nextErrand() -> Bool? {
        while true {
            let now = tools.now()
            let (isStopped, errand, due) = state.withLock { state in
                (state.isStopped, state.schedule.begin(at: now), state.schedule.due)
            }
            if isStopped { return nil }
            if let errand { return errand == .asked }
            _ = wakeup.wait(upTo: due.duration(since: now))
        }
    }

    private func take(_ found: KeySetFinder.Found) {
        let now = tools.now()
        let isNews = state.withLock { state in state.keys == nil || state.isAway }
        if isNews {
            tools.log.write(.info, .keySetAvailable, .issuer(address.issuer), .count(found.keys.count))
        }
        release { state in
            state.keys = found.keys
            state.count.fetched += 1
            state.isAway = false
            return state.schedule.succeeded(at: now, lifetime: found.lifetime)
        }
    }

    private func note(_ failure: KeySetFailure) {
        let now = tools.now()
        let isNews = state.withLock { state in
            defer { state.isAway = true }
            return !state.isAway && !state.isStopped
        }
        // Once: it may be away for hours, and the counter goes on.
        if isNews { tools.log.write(.warning, .keySetUnavailable, .issuer(address.issuer), .detail(failure.text)) }
        release { state in
            state.count.failed += 1
            return state.schedule.failed(at: now, jitter: tools.jitter())
        }
    }

    /// Changes the state, and calls those who waited for nothing beyond the fetch that the change names. So nobody waits for
    /// longer than what is under way and one more, however many ask after them.
    private func release(after change: (inout State) -> Int) {
        let released = state.withLock { state in
            let fetch = change(&state)
            let count = state.waiting.prefix { $0.fetch <= fetch }.count
            defer { state.waiting.removeFirst(count) }
            return state.waiting.prefix(count)
        }
        for waiting in released { waiting.then() }
    }
}

/// What keepers work with; tests put their own in its place.
struct KeySetTools: Sendable {
    let log: Log
    /// Blocks until there is an answer.
    var fetch: KeySetFinder.Fetching = KeySetFinder.fetch
    var now: @Sendable () -> Instant = MonotonicClock.now
    /// Spreads what many relays would do at the same moment: 0.75 to 1.25.
    var jitter: @Sendable () -> Double = { .random(in: 0.75...1.25) }
}
