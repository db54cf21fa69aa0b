import Policy
import Reactor
import RelayCore
import TLS
import Timing
import Transport

/// Connects to an endpoint at one of its addresses: several attempts side by side, of which the first that is verified wins
/// and the others are dropped at once.
///
/// Nothing of a session is known here, and no request is written: a server that loses has seen a TLS handshake and no more.
/// Belongs to one dial, on its loop's thread.
final class ConnectionRace {
    /// What became of the addresses that cannot be used, in the order in which they failed.
    private(set) var failures: [DialFailure] = []

    private let verification: EndpointVerification
    private let loop: EventLoop
    private let buffers: LoopBuffers
    private var race = AddressRace()
    private var attempts: [Transport] = []
    private var timer: TimerToken?
    private var owner: (any ConnectionRaceOwner)?

    init(_ verification: EndpointVerification, on loop: EventLoop, buffers: LoopBuffers) {
        self.verification = verification
        self.loop = loop
        self.buffers = buffers
    }

    /// Adds addresses and runs until one of them wins or all have lost, which `owner` hears, perhaps before this returns.
    /// Addresses that were tried before are left out.
    ///
    /// Rule 7: an address is judged after the name is resolved and before anything is sent to it, each time anew.
    func run(_ candidates: [SocketAddress], for owner: any ConnectionRaceOwner) {
        self.owner = owner
        var allowed: [SocketAddress] = []
        for candidate in candidates {
            if let failure = verification.failure(of: candidate) {
                if !failures.contains(failure) { failures.append(failure) }
            } else {
                allowed.append(candidate)
            }
        }
        race.enter(allowed)
        advance()
    }

    /// Time is over: what has not answered has failed.
    func giveUp() {
        failures += attempts.map { DialFailure(.tooLate, "\($0.peer): did not answer in time") }
        abandon()
    }

    /// Drops every attempt. The owner hears nothing more.
    func abandon() {
        owner = nil
        if let timer { loop.cancel(timer) }
        timer = nil
        for attempt in attempts { attempt.abort() }
        attempts = []
    }

    private func advance() {
        while let address = race.next(now: loop.now) { attempt(address) }
        setTimer()
        guard race.isLost else { return }
        owner.take()?.raceWasLost()
    }

    private func attempt(_ address: SocketAddress) {
        do {
            let descriptor = try Socket.connect(address)
            try Socket.setNoDelay(descriptor.raw)
            let transport = Transport(
                descriptor, peer: address, tls: try verification.makeTLS(), isConnecting: true, buffers: buffers)
            try transport.start(self)
            attempts.append(transport)
        } catch {
            let isExhausted = (error as? SystemError)?.isExhaustion == true
            fail(DialFailure(isExhausted ? .exhausted : .connectFailed, "\(address): \(error)"))
        }
    }

    private func fail(_ failure: DialFailure) {
        failures.append(failure)
        race.attemptFailed(now: loop.now)
    }

    private func setTimer() {
        if let timer { loop.cancel(timer) }
        timer = race.nextDue.map { loop.schedule(self, at: $0) }
    }
}

/// Who wants a connection.
protocol ConnectionRaceOwner: AnyObject {
    /// Connected and verified; the transport is the owner's to hear.
    func race(wonBy transport: Transport)
    /// No address is left; `failures` say why.
    func raceWasLost()
}

extension ConnectionRace: TransportDelegate {
    func transportOpened(_ transport: Transport) {
        if let failure = verification.failure(of: transport) { return drop(transport, failure) }
        attempts.removeAll { $0 === transport }
        let owner = owner
        abandon()
        owner?.race(wonBy: transport)
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        leave(transport, DialFailure(end, at: transport.peer))
    }

    /// A peer that speaks before it is spoken to is not an HTTP server.
    func transport(_ transport: Transport, received bytes: RawSpan) {
        drop(transport, DialFailure(.notAWebSocket, "\(transport.peer): bytes came before the request"))
    }

    func transportWrote(_ transport: Transport) {}

    private func drop(_ transport: Transport, _ failure: DialFailure) {
        transport.abort()
        leave(transport, failure)
    }

    private func leave(_ transport: Transport, _ failure: DialFailure) {
        attempts.removeAll { $0 === transport }
        fail(failure)
        advance()
    }
}

extension ConnectionRace: TimerHandler {
    func fired(tag: Int) {
        timer = nil
        advance()
    }
}
