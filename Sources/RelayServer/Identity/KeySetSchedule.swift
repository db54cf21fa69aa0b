import Timing

/// When the keys of one identity provider are fetched: every so often, when somebody asks for newer ones, and again and again
/// while the provider is away. A value that knows no clock.
struct KeySetSchedule {
    /// The next time to fetch by itself.
    private(set) var due: Instant
    /// When somebody last asked and was heard.
    private var lastAsked: Instant?
    /// Somebody waits for a fetch that has not begun.
    private var isWanted = false
    private var isFetching = false
    /// Begun so far; the last of them is the one under way, if any is.
    private var fetches = 0
    private var failures = 0

    /// Why a fetch begins.
    enum Errand: Equatable {
        case due
        case asked
    }

    /// The first fetch is due at once.
    init(at now: Instant) {
        due = now
    }

    /// Somebody asks for newer keys than those at hand. Returns the number of the fetch to wait for, which is the one under way
    /// or the next, and never less than whoever asked before was told; nil: there is none.
    mutating func ask(at now: Instant, withKeys hasKeys: Bool) -> Int? {
        if isWanted { return fetches + 1 }
        if isFetching, !hasKeys { return fetches }
        // Only what begins now is sure to be newer. Where that is not allowed, what is under way may be.
        guard lastAsked.map({ now >= $0 + Self.pause }) ?? true else { return isFetching ? fetches : nil }
        lastAsked = now
        isWanted = true
        return fetches + 1
    }

    /// Begins a fetch if it is time for one.
    mutating func begin(at now: Instant) -> Errand? {
        guard !isFetching, isWanted || now >= due else { return nil }
        defer { isWanted = false }
        isFetching = true
        fetches += 1
        return isWanted ? .asked : .due
    }

    /// The provider has answered, and lets its answer be kept for `lifetime`. Returns the number of the fetch: those who wait
    /// for it, or for one before it, are to go on.
    mutating func succeeded(at now: Instant, lifetime: Duration?) -> Int {
        failures = 0
        due = now + min(max(lifetime ?? Self.interval, Self.shortest), Self.longest)
        return finished()
    }

    /// The provider has not answered. Returns as `succeeded`.
    mutating func failed(at now: Instant, jitter: Double) -> Int {
        // Doubled each time: six doublings are beyond the longest already.
        let backOff = min(Self.firstRetry * (1 << min(failures, 6)), Self.lastRetry)
        failures += 1
        due = now + backOff * jitter
        return finished()
    }

    private mutating func finished() -> Int {
        isFetching = false
        return fetches
    }

    /// Between two fetches that somebody asked for: any stranger's token can name a key that nobody has.
    static let pause = Duration.seconds(10)
    /// Where the provider does not say (RFC 9111 §5.2.2.1), and the bounds of what it may say.
    static let interval = Duration.seconds(600)
    static let shortest = Duration.seconds(60)
    static let longest = Duration.seconds(3600)
    /// While it is away.
    static let firstRetry = Duration.seconds(1)
    static let lastRetry = Duration.seconds(60)
}
