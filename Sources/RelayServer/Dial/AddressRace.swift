import Reactor
import Timing

/// Which of an endpoint's addresses is tried next, and when (RFC 8305, happy eyeballs): a network where IPv6 leads nowhere,
/// or one dead machine behind a name, costs a moment and not the dial.
///
/// A rule without sockets: the connecting is `ConnectionRace`'s.
struct AddressRace {
    /// RFC 8305 §5: another address is tried when the one before has been silent for 250 ms.
    static let attemptDelay = Duration.milliseconds(250)
    /// Attempts at once. A provider that is down is not to be met with a volley for each client that comes.
    static let maxInFlight = 4

    private var waiting: [SocketAddress] = []
    /// Addresses that were entered, for good.
    private var known: Set<SocketAddress> = []
    private(set) var inFlight = 0
    private var nextAt = Instant(nanoseconds: 0)

    /// Adds addresses, in the resolver's order of preference, unless they were entered before.
    ///
    /// RFC 8305 §4: the families alternate, beginning with the preferred one, so that a family that is broken as a whole
    /// costs one delay.
    mutating func enter(_ addresses: [SocketAddress]) {
        let new = addresses.filter { known.insert($0).inserted }
        let preferred = new.filter { $0.isIPv6 == new.first?.isIPv6 }
        let other = new.filter { $0.isIPv6 != new.first?.isIPv6 }
        for index in 0..<max(preferred.count, other.count) {
            waiting += [preferred, other].compactMap { $0.dropFirst(index).first }
        }
    }

    /// The address to try now, if it is time for one.
    mutating func next(now: Instant) -> SocketAddress? {
        guard let due = nextDue, due <= now else { return nil }
        let address = waiting.removeFirst()
        inFlight += 1
        nextAt = now + Self.attemptDelay
        return address
    }

    /// An attempt failed. RFC 8305 §5: the next one need not wait any longer.
    mutating func attemptFailed(now: Instant) {
        inFlight -= 1
        nextAt = now
    }

    /// When to ask for the next address; nil while there is none to be had.
    var nextDue: Instant? {
        waiting.isEmpty || inFlight >= Self.maxInFlight ? nil : nextAt
    }

    /// Every address was tried, and failed.
    var isLost: Bool { waiting.isEmpty && inFlight == 0 }
}
