import Transport

/// Transports that were finished and may still wait for their peer's end. They tell nobody when they are over, so this
/// is how a loop that stops lets go of them.
struct LingeringTransports {
    private struct Weak {
        weak var transport: Transport?
    }

    /// Looking for those that are gone pays off only now and then.
    private static let leastSweep = 64

    private var transports: [Weak] = []
    private var nextSweep = leastSweep

    /// How many are remembered; some may be gone.
    var count: Int { transports.count }

    mutating func add(_ transport: Transport) {
        transports.append(Weak(transport: transport))
        guard transports.count >= nextSweep else { return }
        transports.removeAll { $0.transport == nil }
        nextSweep = max(Self.leastSweep, 2 * transports.count)
    }

    /// Ends all of them at once.
    mutating func abortAll() {
        for entry in transports { entry.transport?.abort() }
        transports = []
    }
}
