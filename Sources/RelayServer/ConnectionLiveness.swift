import Configuration
import Reactor

/// How long the system believes in a peer that is silent or acknowledges nothing: machines lose power, and gateways forget
/// connections without a word.
///
/// Sessions ping, and need none of this. It is for what does not: a handshake, a connection between two requests, the last
/// bytes of one that ends.
struct ConnectionLiveness: Equatable, Sendable {
    /// How long sent bytes may stay unacknowledged, or the peer's window shut. Longer than `timeouts.stall`, within which a
    /// peer that reads nothing is told so.
    let patience: Duration

    init(_ timeouts: TimeoutSettings) {
        patience = max(Self.idle + Self.interval * Self.probes, timeouts.stall + Self.interval)
    }

    /// Silent for this long, a peer is probed: often enough for gateways that forget a connection after a minute.
    static let idle = Duration.seconds(30)
    static let interval = Duration.seconds(10)
    static let probes = 3

    /// Has the system watch a connection.
    func watch(_ descriptor: Int32) throws(SystemError) {
        try Socket.setKeepAlive(
            descriptor, idle: Self.idle, interval: Self.interval, count: Int32(Self.probes))
        try Socket.setUserTimeout(descriptor, patience)
    }
}
