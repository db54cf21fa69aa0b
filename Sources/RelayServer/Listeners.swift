import Reactor

/// The relay's listening sockets: one for each listener and loop, among which the kernel spreads connections
/// (SO_REUSEPORT).
///
/// A listener keeps its number, its port and its sockets for as long as each new configuration has its address.
struct Listeners {
    private var bound: [Bound] = []
    private var lastNumber = 0

    private struct Bound {
        let number: Int
        /// As configured.
        let wanted: SocketAddress
        /// A port of 0 has become a real one.
        let address: SocketAddress
    }

    /// Where the listeners are bound, in the order of the configuration.
    var addresses: [SocketAddress] { bound.map(\.address) }

    /// Where the listeners of this configuration, which was changed to last, are bound.
    func bound(_ listeners: [RelaySnapshot.Listener]) -> [RelayStatus.BoundListener] {
        zip(bound, listeners).map { RelayStatus.BoundListener(address: $0.address, isSecure: $1.tls != nil) }
    }

    /// Binds what is new of `wanted` and forgets what is gone.
    ///
    /// - Returns: for each of `loops` what it is to accept on.
    /// - Throws: when an address cannot be bound; then nothing has changed.
    mutating func change(
        to wanted: [RelaySnapshot.Listener], loops: Int
    ) throws(RelayStartError) -> [[LoopListener]] {
        var kept = bound
        var next: [Bound] = []
        var fresh: [Int: [ListeningSocket]] = [:]
        for listener in wanted {
            if let index = kept.firstIndex(where: { $0.wanted == listener.address }) {
                next.append(kept.remove(at: index))
            } else {
                lastNumber += 1
                let (sockets, address) = try Self.bind(listener.address, loops: loops)
                fresh[lastNumber] = sockets
                next.append(Bound(number: lastNumber, wanted: listener.address, address: address))
            }
        }
        bound = next
        return (0..<loops).map { loop in
            zip(next, wanted).map { LoopListener(number: $0.number, settings: $1, socket: fresh[$0.number]?[loop]) }
        }
    }

    /// The first socket fixes the port, which the configuration may leave to the system.
    private static func bind(
        _ wanted: SocketAddress, loops: Int
    ) throws(RelayStartError) -> ([ListeningSocket], SocketAddress) {
        var address = wanted
        var sockets: [ListeningSocket] = []
        do throws(SystemError) {
            for _ in 0..<loops {
                let socket = try Socket.listen(address, reusePort: true)
                address = try Socket.localAddress(socket.raw)
                sockets.append(ListeningSocket(socket))
            }
        } catch {
            throw RelayStartError(text: "Cannot listen on \(wanted): \(error). Is another process using the port?")
        }
        return (sockets, address)
    }
}

/// What one loop is to accept on.
struct LoopListener: Sendable {
    /// The listener's, for as long as it is bound.
    let number: Int
    let settings: RelaySnapshot.Listener
    /// Bound anew; nil for a listener that the loop has already.
    let socket: ListeningSocket?
}

/// A bound socket on its way to its loop. Closed with the last who holds it.
final class ListeningSocket: Sendable {
    let descriptor: Descriptor

    init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }
}
