import HTTP
import Policy
import Reactor
import RelayCore
import TLS
import Telemetry
import Timing
import Transport

/// What becomes of an accepted connection: the balancer's word about it, where the listener wants one, then TLS and a request.
extension Worker {
    /// A connection was accepted.
    func arrived(_ descriptor: consuming Descriptor, from peer: SocketAddress, on listener: RelaySnapshot.Listener) {
        guard listener.wantsPreamble else { return serve(descriptor, from: peer, on: listener) }
        do throws(SystemError) {
            try PreambleReader(descriptor, from: peer, on: listener, worker: self).start()
        } catch {
            noteLoss(of: peer, error)
        }
    }

    /// Waits for the request of whoever is at `peer`, by the balancer's word or by the system's.
    func serve(_ descriptor: consuming Descriptor, from peer: SocketAddress, on listener: RelaySnapshot.Listener) {
        guard let place = connectionPlace(for: peer, on: listener) else { return }
        do throws(SystemError) {
            try Socket.setNoDelay(descriptor.raw)
            try snapshot.liveness.watch(descriptor.raw)
            let tls = listener.tls.map { TLSConnection(server: $0) }
            let transport = Transport(descriptor, peer: peer, tls: tls, isConnecting: false, buffers: buffers)
            transport.companion = place
            try ClientConnection(transport, listener: listener, worker: self).start()
        } catch {
            noteLoss(of: peer, error)
        }
    }

    /// A connection is given up for its preamble.
    func note(_ fault: ProxyPreambleFault, from peer: SocketAddress) {
        let level: LogLevel = preambleNotices.isDue(fault, now: loop.now) ? .warning : .debug
        log.write(
            level, .connectionFailed, .address(peer.description), .reason(fault.rawValue), .detail(fault.sentence))
    }

    private func noteLoss(of peer: SocketAddress, _ error: SystemError) {
        log.write(.debug, .connectionFailed, .address(peer.description), .detail("\(error)"))
    }
}

extension RelaySnapshot.Listener {
    /// The client of a request: whoever is at `peer`, or whom the balancers there sent it for. Everything that goes by a
    /// client's address asks here.
    func client(of head: RequestHead, at peer: SocketAddress) -> IPAddress? {
        IPAddress(bytes: peer.bytes).map {
            proxies.networks.isEmpty
                ? $0 : proxies.client(behind: $0, forwardedFor: head.fields.all("X-Forwarded-For"))
        }
    }
}

extension TrustedProxies {
    /// As for an address without a port.
    func mayAnnounce(_ peer: SocketAddress) -> Bool {
        IPAddress(bytes: peer.bytes).map { mayAnnounce($0) } ?? false
    }
}
