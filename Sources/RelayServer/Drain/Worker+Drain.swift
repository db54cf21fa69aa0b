import Reactor
import RelayCore

/// How a loop stops: nobody new, time for those who are there, then a proper end.
extension Worker {
    /// Whether a request that is complete now may become a session. Whoever connected before the listeners closed is served
    /// while there is time, so that a relay that is replaced refuses nobody.
    var admitsSessions: Bool { departure?.isCalling != true }

    /// The relay has been told to stop.
    var isDraining: Bool { departure != nil }

    /// Accepts nothing more; `plan` says how long sessions have.
    func drain(_ plan: DrainPlan) {
        guard !isDraining else { return }
        let departure = Departure(plan, of: self)
        self.departure = departure
        departure.begin()
        closeListeners()
        for connection in Array(multiplexed.values) { connection.drain() }
        stopIfDrained()
    }

    func stopIfDrained() {
        if isDraining, isEmpty { loop.stop() }
    }
}

extension RelaySnapshot {
    /// How the relay's last minutes are divided under these settings.
    var drainPlan: DrainPlan {
        DrainPlan(drain, ending: handshake + session.terminate + Self.lastPatience)
    }

    /// Beyond a dial that must be awaited and the provider's last word: for Close frames to be answered and the last bytes
    /// to be read.
    private static let lastPatience = Duration.seconds(6)
}
