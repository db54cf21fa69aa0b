import Reactor

/// The relay's listening sockets: one for each listener and loop, among which the kernel spreads connections
/// (SO_REUSEPORT), or those that a service manager made.
///
/// A listener keeps its number, its port and its sockets for as long as each new configuration has its address.
struct Listeners {
    private var bound: [Bound] = []
    private var lastNumber = 0
    /// Made by the service manager, for the life of the process.
    private let passed: [BoundSocket]

    private struct Bound {
        let number: Int
        /// As configured.
        let wanted: SocketAddress
        /// A port of 0 has become a real one.
        let address: SocketAddress
    }

    /// What a new configuration comes to.
    struct Change {
        /// For each loop what it is to accept on.
        var perLoop: [[LoopListener]]
        /// Bound anew although somebody listens there already: connections are spread over both.
        var contested: [SocketAddress]
    }

    init(passed: [BoundSocket] = []) {
        self.passed = passed
    }

    /// Where the listeners are bound, in the order of the configuration.
    var addresses: [SocketAddress] { bound.map(\.address) }

    /// Where the listeners of this configuration, which was changed to last, are bound.
    func bound(_ listeners: [RelaySnapshot.Listener]) -> [RelayStatus.BoundListener] {
        zip(bound, listeners).map { RelayStatus.BoundListener(address: $0.address, isSecure: $1.tls != nil) }
    }

    /// Binds what is new of `wanted` and forgets what is gone.
    ///
    /// - Parameter loops: how many share each listener.
    /// - Throws: when an address cannot be bound; then nothing has changed.
    mutating func change(to wanted: [RelaySnapshot.Listener], loops: Int) throws(RelayStartError) -> Change {
        var kept = bound
        var next: [Bound] = []
        var fresh: [Int: [[BoundSocket]]] = [:]
        var contested: [SocketAddress] = []
        for listener in wanted {
            if let index = kept.firstIndex(where: { $0.wanted == listener.address }) {
                next.append(kept.remove(at: index))
            } else {
                lastNumber += 1
                if try isContested(listener.address) { contested.append(listener.address) }
                let shares = try sockets(at: listener.address, loops: loops)
                fresh[lastNumber] = shares
                next.append(
                    Bound(
                        number: lastNumber, wanted: listener.address,
                        address: shares.first?.first?.address ?? listener.address))
            }
        }
        bound = next
        let perLoop = (0..<loops).map { loop in
            zip(next, wanted).map {
                LoopListener(number: $0.number, settings: $1, sockets: fresh[$0.number]?[loop] ?? [])
            }
        }
        return Change(perLoop: perLoop, contested: contested)
    }

    /// Whether somebody else listens there. Of its own ports the relay knows.
    private func isContested(_ address: SocketAddress) throws(RelayStartError) -> Bool {
        let ports = bound.map(\.address.port) + passed.map(\.address.port)
        guard address.port != 0, !ports.contains(address.port) else { return false }
        do throws(SystemError) { return try Socket.isTaken(address) } catch { throw Self.cannotListen(address, error) }
    }

    /// For each loop one socket or more.
    private func sockets(at wanted: SocketAddress, loops: Int) throws(RelayStartError) -> [[BoundSocket]] {
        let passed = passed.filter { $0.address == wanted }
        return passed.isEmpty ? try Self.bind(wanted, loops: loops).map { [$0] } : Self.share(passed, among: loops)
    }

    /// The first socket fixes the port, which the configuration may leave to the system.
    private static func bind(_ wanted: SocketAddress, loops: Int) throws(RelayStartError) -> [BoundSocket] {
        var address = wanted
        var sockets: [BoundSocket] = []
        do throws(SystemError) {
            for _ in 0..<loops {
                let socket = try BoundSocket(Socket.listen(address, reusePort: true))
                address = socket.address
                sockets.append(socket)
            }
        } catch {
            throw cannotListen(wanted, error)
        }
        return sockets
    }

    /// Every loop accepts on some socket, and every socket is accepted on by some loop.
    private static func share(_ sockets: [BoundSocket], among loops: Int) -> [[BoundSocket]] {
        var shares = [[BoundSocket]](repeating: [], count: loops)
        for index in 0..<max(sockets.count, loops) {
            shares[index % loops].append(sockets[index % sockets.count])
        }
        return shares
    }

    private static func cannotListen(_ address: SocketAddress, _ error: SystemError) -> RelayStartError {
        RelayStartError(text: "Cannot listen on \(address): \(error). Is another process using the port?")
    }
}

/// What one loop is to accept on.
struct LoopListener: Sendable {
    /// The listener's, for as long as it is bound.
    let number: Int
    let settings: RelaySnapshot.Listener
    /// New to the loop; none for a listener that it has already.
    let sockets: [BoundSocket]
}
