import Bytes
import Crypto
import HTTP
import Policy
import Reactor
import RelayCore
import Timing
import Transport
import WebSocket

/// Opens upstream connections: the one place that does. It takes a `GrantedEndpoint`, which only a decision of policy can
/// bring about, and dials that endpoint and nothing else.
///
/// Resolve, race its addresses for a verified connection, upgrade: what fails is reported with its kind, and what follows
/// from it is the session's to say. One dialer serves one dial, on its loop's thread.
final class Dialer {
    let endpoint: Endpoint
    private let key: Secret
    /// Keeps the key, and one shown before it, from coming back.
    let screen: KeyScreen?
    /// How its zone is reached, as it was when the dial began.
    let zone: RelaySnapshot.UpstreamZone
    private let request: UpstreamRequest
    private unowned let worker: Worker
    /// Kept until the dial is over, which it is when its time is.
    private var owner: (any DialerOwner)?

    private var stage = Stage.idle
    private let race: ConnectionRace
    private var transport: Transport?
    private var parser = ResponseHeadParser()
    private var timer: TimerToken?
    private var lookup: UInt64?
    private let begun: Instant
    private var hasAskedAgain = false
    /// The endpoint was down, and this dial tries it.
    private var isTrial = false

    private enum Stage {
        case idle
        case resolving
        /// TCP and TLS.
        case connecting
        /// The opening handshake is on the wire.
        case upgrading(key: String)
        case over
    }

    init(
        _ granted: consuming GrantedEndpoint, zone: RelaySnapshot.UpstreamZone, request: UpstreamRequest, worker: Worker
    ) {
        endpoint = granted.endpoint
        key = zone.key(for: granted.tenant, granted.key)
        screen = zone.screen(for: granted.tenant, granted.key)
        self.zone = zone
        self.request = request
        self.worker = worker
        race = ConnectionRace(
            EndpointVerification(granted.endpoint, in: zone), on: worker.loop, buffers: worker.buffers)
        begun = worker.loop.now
    }

    /// Begins the dial. `owner` hears of its end once, unless it abandons the dial.
    func start(for owner: any DialerOwner) {
        self.owner = owner
        switch worker.health.admit(endpoint, now: worker.loop.now) {
        case .wait: return fail(DialFailure(.knownDown, "other sessions have found it down"))
        case .trial: isTrial = true
        case .dial: break
        }
        rearm(zone.connectTimeout)
        if let address = endpoint.address {
            connect(to: [SocketAddress(address)].compactMap { $0 })
        } else {
            lookUp()
        }
    }

    /// Drops the dial. The owner hears nothing more.
    func abandon() {
        guard owner != nil else { return }
        worker.health.note(.abandoned, of: endpoint, isTrial: isTrial, now: worker.loop.now)
        stop()?.abort()
    }

    /// The failures of single addresses that somebody must look at, whatever became of the dial.
    var alarms: [DialFailure] { race.failures.filter(\.isAlarming) }
}

/// Who wants a dial's result.
protocol DialerOwner: AnyObject {
    /// The opening handshake has left: the provider may open a session from here on.
    func dialerSentUpgrade(_ dialer: Dialer)
    /// The endpoint is open. `early` holds what came behind its 101; the transport is the owner's to hear.
    func dialer(_ dialer: Dialer, opened transport: Transport, early: [UInt8])
    func dialer(_ dialer: Dialer, failed failure: DialFailure)
}

// MARK: Connecting

extension Dialer: ConnectionRaceOwner {
    /// - Parameter notBefore: a kept answer must not be older; nil: as old as the resolver keeps them.
    private func lookUp(notBefore: Instant? = nil) {
        stage = .resolving
        lookup = worker.lookUp(endpoint.hostName, port: endpoint.port, notBefore: notBefore, for: self)
    }

    /// The resolver's answer.
    func resolved(_ answer: Resolver.Answer) {
        guard case .resolving = stage else { return }
        lookup = nil
        switch answer {
        case .success(let addresses): connect(to: addresses)
        case .failure(let error): failToConnect(DialFailure(.resolveFailed, "\(error)"))
        }
    }

    private func connect(to addresses: [SocketAddress]) {
        stage = .connecting
        race.run(addresses, for: self)
    }

    func race(wonBy transport: Transport) {
        transport.hand(to: self)
        self.transport = transport
        // Without it the connection is as good, and its loss is only noticed later.
        try? worker.snapshot.liveness.watch(transport.descriptorNumber)
        upgrade(transport)
    }

    /// The provider may have moved since the name was looked up: it is asked again, once, and what is new is tried.
    func raceWasLost() {
        guard endpoint.address == nil, !hasAskedAgain else {
            return failToConnect(DialFailure(.resolveFailed, "the name has no address"))
        }
        hasAskedAgain = true
        lookUp(notBefore: begun)
    }

    /// What became of the addresses says more than what came after them.
    private func failToConnect(_ failure: DialFailure) {
        fail(DialFailure.mostTelling(race.failures) ?? failure)
    }
}

// MARK: Upgrading

extension Dialer: TransportDelegate {
    private func upgrade(_ transport: Transport) {
        let key = OpeningHandshake.key(from: RandomBytes.make(16))
        guard let head = request.head(for: endpoint, key: key, providerKey: self.key, in: zone.keyHeader) else {
            return fail(DialFailure(.requestRejected, "the request cannot be written as HTTP"))
        }
        stage = .upgrading(key: key)
        rearm(worker.snapshot.handshake)
        head.withBytes { transport.writeSecret($0.bytes) }
        owner?.dialerSentUpgrade(self)
    }

    func transport(_ transport: Transport, received bytes: RawSpan) {
        guard let screen else { return read(bytes, from: transport) }
        if screen.pass(bytes, to: { read($0, from: transport) }) { transport.wipe(bytes) }
    }

    private func read(_ bytes: RawSpan, from transport: Transport) {
        guard case .upgrading(let key) = stage else { return }
        do {
            var consumed = 0
            guard let head = try parser.parse(bytes, consumed: &consumed) else { return }
            try OpeningHandshake.verify(head, key: key)
            succeed(transport, early: [UInt8](bytes.extracting(consumed...)))
        } catch let failure as UpgradeFailure {
            fail(DialFailure(failure))
        } catch {
            fail(DialFailure(.notAWebSocket, "\(error)"))
        }
    }

    func transportOpened(_ transport: Transport) {}

    func transportWrote(_ transport: Transport) {}

    func transport(_ transport: Transport, ended end: TransportEnd) {
        self.transport = nil
        fail(DialFailure(.connectFailed, "the connection ended before the 101: \(end)"))
    }
}

// MARK: Ending

extension Dialer: TimerHandler {
    func fired(tag: Int) {
        timer = nil
        switch stage {
        case .resolving: failToConnect(DialFailure(.tooLate, "the name was not resolved in time"))
        case .upgrading: fail(DialFailure(.tooLate, "no answer to the opening handshake in time"))
        case .idle, .connecting, .over:
            race.giveUp()
            failToConnect(DialFailure(.tooLate, "not connected in time"))
        }
    }

    private func succeed(_ transport: Transport, early: [UInt8]) {
        worker.health.note(.answered, of: endpoint, isTrial: isTrial, now: worker.loop.now)
        let owner = owner
        self.transport = nil
        _ = stop()
        owner?.dialer(self, opened: transport, early: early)
    }

    private func fail(_ failure: DialFailure) {
        worker.health.note(failure, of: endpoint, isTrial: isTrial, now: worker.loop.now)
        let owner = owner
        stop()?.abort()
        owner?.dialer(self, failed: failure)
    }

    private func rearm(_ duration: Duration) {
        if let timer { worker.loop.cancel(timer) }
        timer = worker.loop.schedule(self, at: worker.loop.now + duration)
    }

    /// Lets go of everything; the transport, if one is left, is the caller's to end.
    private func stop() -> Transport? {
        stage = .over
        owner = nil
        race.abandon()
        if let timer { worker.loop.cancel(timer) }
        if let lookup { worker.forgetLookup(lookup) }
        (timer, lookup) = (nil, nil)
        return transport.take()
    }
}

extension DialFailure {
    /// What an answer other than a proper 101 means for the dial.
    init(_ failure: UpgradeFailure) {
        switch failure {
        case .redirect(let status): self.init(.redirected, "answered \(status); redirects are never followed")
        case .unauthorised(let status): self.init(.keyRejected, "answered \(status) to the relay's key")
        case .rateLimited: self.init(.overloaded, "answered 429")
        case .status(let status) where status >= 500: self.init(.overloaded, "answered \(status)")
        case .status(let status) where status >= 400: self.init(.requestRejected, "answered \(status)")
        default: self.init(.notAWebSocket, "\(failure)")
        }
    }
}

extension SocketAddress {
    init?(_ address: EndpointAddress) {
        self.init(literal: "\(address.address)", port: address.port)
    }
}
