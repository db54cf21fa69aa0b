import Policy
import Reactor
import RelayCore

/// What a loop tells operators of its sessions, and does to them, on its own thread.
extension Worker {
    /// Of all sessions here.
    var sessionIDs: [String] { Array(drivers.keys) }

    /// The sessions of these ids that are still here and were let in.
    func records(of ids: [String]) -> [LiveRecord] {
        ids.compactMap { drivers[$0]?.liveRecord }
    }

    /// Ends those sessions of these ids that `filter` admits. Returns how many had not ended before.
    func dismiss(_ ids: [String], _ filter: SessionFilter) -> Int {
        ids.count { id in
            guard let driver = drivers[id], let record = driver.liveRecord, filter.admits(record, now: loop.now) else {
                return false
            }
            return driver.dismiss()
        }
    }
}
