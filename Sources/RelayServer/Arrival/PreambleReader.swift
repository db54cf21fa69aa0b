import Reactor
import RelayCore
import Telemetry
import Timing

/// Reads the PROXY protocol's preamble of one accepted connection, before TLS, and not a byte of what follows: what has
/// arrived is looked at where it waits, and only what belongs to the preamble is taken.
///
/// The loop keeps it until the connection is passed on or given up. Belongs to its loop's thread.
final class PreambleReader {
    private var descriptor: Descriptor?
    private let raw: Int32
    private let peer: SocketAddress
    private let listener: RelaySnapshot.Listener
    private unowned let worker: Worker
    private var parser = ProxyPreambleParser()
    private var registration: Registration?
    private var waiting: (number: UInt64, timer: TimerToken)?

    init(
        _ descriptor: consuming Descriptor, from peer: SocketAddress, on listener: RelaySnapshot.Listener,
        worker: Worker
    ) {
        raw = descriptor.raw
        self.descriptor = consume descriptor
        self.peer = peer
        self.listener = listener
        self.worker = worker
    }

    /// Throws when the loop cannot watch the descriptor.
    func start() throws(SystemError) {
        registration = try worker.loop.register(self, descriptor: raw, interest: .readable, precedence: .patient)
        let timer = worker.loop.schedule(self, at: worker.loop.now + worker.snapshot.handshake)
        waiting = (worker.newcomerArrived(self), timer)
        guard listener.proxies.mayAnnounce(peer) else { return giveUp(.untrusted) }
    }

    /// What one look may take in: a preamble without type-length-values, as a rule with the first bytes behind it.
    private static let glance = 1024
}

extension PreambleReader: EventHandler, TimerHandler {
    func ready(_ readiness: Readiness) {
        withUnsafeTemporaryAllocation(byteCount: Self.glance, alignment: 1) { glance in
            switch Socket.peek(raw, into: glance) {
            case .bytes(let count): read(UnsafeMutableRawBufferPointer(rebasing: glance[..<count]))
            case .wouldBlock: break
            // A balancer that only looks whether somebody listens ends it so.
            case .end: end()
            case .failed(let error):
                worker.log.write(.debug, .connectionFailed, .address(peer.description), .detail("\(error)"))
                end()
            }
        }
    }

    private func read(_ waiting: UnsafeMutableRawBufferPointer) {
        do throws(ProxyPreambleFault) {
            var consumed = 0
            let preamble = try parser.parse(waiting.bytes, consumed: &consumed)
            // The same bytes again, taken this time.
            _ = Socket.receive(raw, into: UnsafeMutableRawBufferPointer(rebasing: waiting[..<consumed]))
            if let preamble { pass(for: preamble) }
        } catch {
            giveUp(error)
        }
    }

    /// The preamble did not come in time.
    func fired(tag: Int) {
        giveUp(.late)
    }

    func loopClosed() {
        descriptor = nil
    }

    private func pass(for preamble: ProxyPreamble) {
        guard let descriptor = descriptor.take() else { return }
        let number = leave()
        worker.serve(descriptor, from: preamble.address ?? peer, on: listener)
        number.map(worker.newcomerSettled)
    }

    private func giveUp(_ fault: ProxyPreambleFault) {
        worker.note(fault, from: peer)
        giveWay()
    }

    private func end() {
        guard descriptor != nil else { return }
        let number = leave()
        descriptor = nil
        number.map(worker.newcomerSettled)
    }

    /// Watches nothing more. Returns its number among newcomers, which it is still.
    private func leave() -> UInt64? {
        if let registration { worker.loop.deregister(registration) }
        if let timer = waiting?.timer { worker.loop.cancel(timer) }
        defer { (registration, waiting) = (nil, nil) }
        return waiting?.number
    }
}

extension PreambleReader: Newcomer {
    /// A reset, so that nothing of a connection that never began stays behind.
    func giveWay() {
        guard descriptor != nil else { return }
        try? Socket.setLingerReset(raw)
        end()
    }
}

extension ProxyPreamble {
    /// Whom the connection is for; nil for whoever connected.
    fileprivate var address: SocketAddress? {
        switch self {
        case .unnamed: nil
        case .client(let address, let port): SocketAddress(literal: "\(address)", port: port)
        }
    }
}
