import Bytes
import Crypto
import HTTP
import Policy
import Reactor
import RelayCore
import TLS
import Timing
import Transport
import WebSocket

/// Opens upstream connections: the one place that does. It takes a `GrantedEndpoint`, which only a decision of policy can
/// bring about, and dials that endpoint and nothing else.
///
/// Resolve, judge the address, connect, verify, upgrade: what fails is reported with its kind, and what follows from it is
/// the session's to say. One dialer serves one dial, on its loop's thread.
final class Dialer {
    let endpoint: Endpoint
    /// How its zone is reached, as it was when the dial began.
    let zone: RelaySnapshot.UpstreamZone
    private let request: UpstreamRequest
    private unowned let worker: Worker
    /// Kept until the dial is over, which it is when its time is.
    private var owner: (any DialerOwner)?

    private var stage = Stage.idle
    private var addresses: ArraySlice<SocketAddress> = []
    private var lastFailure: DialFailure?
    private var transport: Transport?
    private var parser = ResponseHeadParser()
    private var timer: TimerToken?
    private var addressTimer: TimerToken?
    private var due = Instant(nanoseconds: 0)
    private var lookup: UInt64?

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
        self.zone = zone
        self.request = request
        self.worker = worker
    }

    /// Begins the dial. `owner` hears of its end once, unless it abandons the dial.
    func start(for owner: any DialerOwner) {
        self.owner = owner
        rearm(zone.connectTimeout)
        if let address = endpoint.address {
            connect(to: [SocketAddress(address)].compactMap { $0 })
        } else {
            stage = .resolving
            lookup = worker.lookUp(endpoint.hostName, port: endpoint.port, for: self)
        }
    }

    /// Drops the dial. The owner hears nothing more.
    func abandon() {
        owner = nil
        stop()?.abort()
    }

    /// The resolver's answer.
    func resolved(_ answer: Resolver.Answer) {
        guard case .resolving = stage else { return }
        lookup = nil
        switch answer {
        case .success(let addresses): connect(to: addresses)
        case .failure(let error): fail(DialFailure(.resolveFailed, "\(error)"))
        }
    }
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

extension Dialer: TransportDelegate {
    /// Rule 7: an address is judged after the name is resolved and before anything is sent to it.
    private func connect(to candidates: [SocketAddress]) {
        stage = .connecting
        var allowed: [SocketAddress] = []
        for candidate in candidates {
            switch verification.verdict(on: candidate) {
            case .connect: allowed.append(candidate)
            case .refuse(let reason): lastFailure = DialFailure(.addressForbidden, reason)
            }
        }
        addresses = allowed[...]
        connectToNext()
    }

    private var verification: EndpointVerification { EndpointVerification(endpoint, in: zone) }

    private func connectToNext() {
        guard let address = addresses.popFirst() else {
            return fail(lastFailure ?? DialFailure(.resolveFailed, "the name has no address"))
        }
        do {
            let descriptor = try Socket.connect(address)
            try Socket.setNoDelay(descriptor.raw)
            let transport = Transport(
                descriptor, peer: address, tls: try verification.makeTLS(), isConnecting: true, buffers: worker.buffers)
            self.transport = transport
            try transport.start(self)
            if !addresses.isEmpty { limitAddress() }
        } catch {
            transport = nil
            retry(after: DialFailure(.connectFailed, "\(address): \(error)"))
        }
    }

    /// An address that does not answer leaves time for those behind it.
    private func limitAddress() {
        let share = due.duration(since: worker.loop.now) / (addresses.count + 1)
        addressTimer = worker.loop.schedule(
            self, at: worker.loop.now + max(share, Self.leastPatience), tag: Self.addressIsLate)
    }

    private static let addressIsLate = 1
    /// RFC 8305 §5: the time after which another address is tried is 250 ms as a rule.
    private static let leastPatience = Duration.milliseconds(250)

    /// Another address of the same endpoint may do better.
    private func retry(after failure: DialFailure) {
        cancelAddressTimer()
        // Of several addresses the one that was silent tells the most: the endpoint may only be slow.
        if lastFailure?.kind != .tooLate { lastFailure = failure }
        connectToNext()
    }

    func transportOpened(_ transport: Transport) {
        cancelAddressTimer()
        if let mismatch = verification.pinMismatch(transport.tls) { return fail(DialFailure(.notVerified, mismatch)) }
        upgrade(transport)
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        self.transport = nil
        switch (stage, end) {
        case (.connecting, .insecure(let error)): fail(DialFailure(.notVerified, error.detail))
        case (.connecting, _): retry(after: DialFailure(.connectFailed, "\(transport.peer): \(end)"))
        case (.upgrading, _): fail(DialFailure(.connectFailed, "the connection ended before the 101: \(end)"))
        case (.idle, _), (.resolving, _), (.over, _): break
        }
    }

    func transportWrote(_ transport: Transport) {}
}

// MARK: Upgrading

extension Dialer {
    private func upgrade(_ transport: Transport) {
        let key = OpeningHandshake.key(from: RandomBytes.make(16))
        guard let head = request.head(for: endpoint, key: key, zone: zone) else {
            return fail(DialFailure(.requestRejected, "the request cannot be written as HTTP"))
        }
        stage = .upgrading(key: key)
        rearm(worker.snapshot.handshake)
        transport.write(head)
        owner?.dialerSentUpgrade(self)
    }

    func transport(_ transport: Transport, received bytes: RawSpan) {
        guard case .upgrading(let key) = stage else {
            // A peer that speaks before it is spoken to is not an HTTP server.
            return fail(DialFailure(.notAWebSocket, "bytes came before the request"))
        }
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

    private func succeed(_ transport: Transport, early: [UInt8]) {
        let owner = owner
        self.transport = nil
        _ = stop()
        owner?.dialer(self, opened: transport, early: early)
    }
}

// MARK: Ending

extension Dialer: TimerHandler {
    func fired(tag: Int) {
        guard tag == Self.addressIsLate else {
            timer = nil
            return fail(DialFailure(.tooLate, tooLateDetail))
        }
        addressTimer = nil
        let late = transport.take()
        late?.abort()
        retry(after: DialFailure(.tooLate, "\(late.map { "\($0.peer)" } ?? "the address") did not answer in time"))
    }

    private func cancelAddressTimer() {
        if let addressTimer { worker.loop.cancel(addressTimer) }
        addressTimer = nil
    }

    private var tooLateDetail: String {
        switch stage {
        case .resolving: "the name was not resolved in time"
        case .upgrading: "no answer to the opening handshake in time"
        case .idle, .connecting, .over: "not connected in time"
        }
    }

    private func fail(_ failure: DialFailure) {
        let owner = owner
        stop()?.abort()
        owner?.dialer(self, failed: failure)
    }

    private func rearm(_ duration: Duration) {
        if let timer { worker.loop.cancel(timer) }
        due = worker.loop.now + duration
        timer = worker.loop.schedule(self, at: due)
    }

    /// Lets go of everything; the transport, if one is left, is the caller's to end.
    private func stop() -> Transport? {
        stage = .over
        owner = nil
        if let timer { worker.loop.cancel(timer) }
        cancelAddressTimer()
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
