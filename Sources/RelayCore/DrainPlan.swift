/// How the last minutes of a relay are divided, counted from the moment it is told to stop.
///
/// ```
///   │ sessions end by themselves │ those left are told, one by one │ the last of them finish │
///   0                        firstCall                          lastCall                     end
/// ```
/// Whoever is closed comes back at once, and handshakes cost most of all: everybody at one moment would be a flood for the
/// relay that takes over. A pure value: time and chance are arguments.
package struct DrainPlan: Equatable, Sendable {
    /// When the first of those who are left is told.
    package let firstCall: Duration
    /// When the last of them is.
    package let lastCall: Duration
    /// When nothing is waited for any more.
    package let end: Duration

    /// - Parameters:
    ///   - patience: `timeouts.drain`: by its end all is over, as a rule. One half of it belongs to the sessions, the other
    ///     to telling them.
    ///   - ending: what a session may need, from being told until it is over. An eighth of `patience` is kept free for it: with
    ///     less than that a peer that is slow to its end may outlast the time.
    package init(_ patience: Duration, ending: Duration) {
        firstCall = patience / 2
        lastCall = patience - min(ending, patience / 8)
        end = lastCall + ending
    }

    /// When the session at `place` among `count` is told: somewhere in its own share of the time, so that calls are spread
    /// evenly and nobody's rhythm is kept.
    ///
    /// - Parameter chance: from 0 up to 1.
    package func call(of place: Int, among count: Int, chance: Double) -> Duration {
        firstCall + (lastCall - firstCall) * ((Double(place) + chance) / Double(max(1, count)))
    }
}
