import Bytes
import Reactor
import TLS
import Timing

/// A descriptor with optional TLS and an outbox: bytes in, bytes out.
///
/// `Transport` knows sockets and TLS, and must never know what the bytes mean. The relay's legs and the stand-in's
/// connections are driven through it. Per readiness it costs one `recv`, and one `send` for whatever that led to; it asks
/// `epoll` for nothing while bytes flow.
///
/// Belongs to its loop's thread. The loop keeps it alive while it is registered; it lets go of its delegate when it ends.
package final class Transport {
    /// The address at the other end.
    package let peer: SocketAddress
    /// TLS, once its handshake is over the source of names and hashes of the peer.
    package let tls: TLSConnection?

    private let buffers: LoopBuffers
    private var descriptor: Descriptor?
    private let raw: Int32
    private var delegate: (any TransportDelegate)?
    private var registration: Registration?
    private var outbox = ByteQueue()
    /// The outbox holds what the socket has not taken.
    private var isBlocked = false
    private var state: State
    private var isReadingPaused = false
    private var hasPeerEnded = false
    private var lingerTimer: TimerToken?
    /// What one `recv` may take.
    private var readSize = LoopBuffers.readSize
    /// What is to live as long as the connection is open, and no longer.
    package var companion: AnyObject?

    private enum State {
        /// TCP is being connected.
        case connecting
        /// TLS is being agreed on.
        case securing
        /// Bytes flow.
        case open
        /// Nothing more will be written once the outbox is empty; what still arrives is discarded.
        case finishing
        /// The FIN is out; the peer's is awaited, so that nothing it has yet to read is lost to a reset.
        case lingering
        case ended
    }

    /// How long a peer may take to read the last bytes and end its side. A constant of ours: nothing hangs on it but a
    /// descriptor, and a browser ends its side at once.
    package static let linger = Duration.seconds(5)

    /// A transport over a socket that was accepted, or is being connected when `isConnecting`.
    package init(
        _ descriptor: consuming Descriptor, peer: SocketAddress, tls: TLSConnection?, isConnecting: Bool,
        buffers: LoopBuffers
    ) {
        raw = descriptor.raw
        self.descriptor = consume descriptor
        self.peer = peer
        self.tls = tls
        self.buffers = buffers
        state = isConnecting ? .connecting : tls == nil ? .open : .securing
    }

    deinit {
        buffers.withdraw(self)
    }

    /// Begins to watch the socket. `delegate` is kept until the transport ends. Without TLS an accepted transport is open
    /// at once and `transportOpened` is not called.
    ///
    /// Throws when the loop cannot watch the descriptor.
    package func start(_ delegate: any TransportDelegate, precedence: Precedence = .prompt) throws(SystemError) {
        self.delegate = delegate
        readSize = precedence == .patient ? LoopBuffers.patientReadSize : LoopBuffers.readSize
        registration = try buffers.loop.register(self, descriptor: raw, interest: interest, precedence: precedence)
    }

    /// A transport that was started as patient is heard with the prompt ones from now on. Where the system has no room for
    /// that it stays patient.
    package func promote() {
        guard let registration else { return }
        readSize = LoopBuffers.readSize
        do throws(SystemError) { try buffers.loop.promote(registration) } catch {}
    }

    /// Hands the transport to another owner, who hears of everything from now on.
    package func hand(to delegate: any TransportDelegate) {
        self.delegate = delegate
    }

    /// Bytes that were written and that the socket has not taken, as they go over the wire.
    package var queuedBytes: Int { isBlocked ? outbox.count : 0 }

    /// The number of the descriptor, for socket options.
    package var descriptorNumber: Int32 { raw }

    /// Queues bytes for the peer; they leave at the end of the event, or with `flush`. Ignored unless the transport is open.
    package func write(_ bytes: RawSpan) {
        guard case .open = state else { return }
        buffers.collect(for: self)
        bytes.withUnsafeBytes { bytes in
            if tls == nil { return buffers.output.append(bytes) }
            // Fails only if the connection did before; its reader is told by the next event.
            do throws(TLSError) { try tls?.send(bytes, output: &buffers.output) } catch {}
        }
        // More than a read's worth waits: send it rather than let the shared buffer grow.
        if buffers.output.count >= LoopBuffers.readSize { buffers.flush() }
    }

    /// Queues bytes for the peer.
    package func write(_ bytes: [UInt8]) {
        write(bytes.span.bytes)
    }

    /// As `write`, for bytes that hold a secret, of which no copy stays: TLS takes them from where they lie, and without
    /// it they are sent from there.
    package func writeSecret(_ bytes: RawSpan) {
        guard tls == nil, case .open = state else { return write(bytes) }
        buffers.flush()
        let sent = isBlocked ? .wouldBlock : bytes.withUnsafeBytes { Socket.send(raw, $0) }
        guard case .bytes(let count) = sent else { return write(bytes) }
        write(bytes.extracting(count...))
    }

    /// Wipes bytes that the call under way has lent to the delegate, who does not look at them again.
    package func wipe(_ received: RawSpan) {
        buffers.wipe(received)
    }

    /// Sends what is queued now rather than at the end of the event.
    package func flush() {
        buffers.flush()
    }

    /// Stops reading: the peer's bytes wait in its own buffers. Losing the connection is still noticed.
    package func pauseReading() {
        isReadingPaused = true
        updateInterest()
    }

    /// Reads again.
    package func resumeReading() {
        isReadingPaused = false
        updateInterest()
    }

    /// Ends the transport properly: what is queued is sent, then close_notify and FIN. The delegate hears nothing more.
    package func finish() {
        delegate = nil
        switch state {
        case .open:
            state = .finishing
            resumeReading()
            lingerTimer = buffers.loop.schedule(self, at: buffers.loop.now + Self.linger)
            if buffers.output.isEmpty, !isBlocked { sayGoodbye() } else { buffers.loop.atEndOfTurn(self) }
        case .connecting, .securing: abort()
        case .finishing, .lingering, .ended: break
        }
    }

    /// Ends the transport properly, and waits for nothing: what the socket takes now is sent, then close_notify and FIN. A
    /// peer that goes on sending may lose it all to a reset. For answers to whom no more than that is owed.
    package func leave() {
        delegate = nil
        guard case .open = state else { return abort() }
        var goodbye = ByteQueue()
        tls?.close(output: &goodbye)
        queue(goodbye)
        buffers.flush()
        end()
    }

    /// Ends the transport at once, with a reset: the peer must not take this for a proper end.
    package func abort() {
        delegate = nil
        guard state != .ended else { return }
        try? Socket.setLingerReset(raw)
        end()
    }
}

/// What a transport tells its owner. All calls come on the loop's thread.
package protocol TransportDelegate: AnyObject {
    /// TCP and TLS stand: bytes may be written.
    func transportOpened(_ transport: Transport)
    /// Bytes of the peer, decrypted. They are lent for the duration of the call.
    func transport(_ transport: Transport, received bytes: RawSpan)
    /// The socket took some of what was queued; `queuedBytes` says what is left.
    func transportWrote(_ transport: Transport)
    /// The connection is over. The transport is closed, and calls nobody any more.
    func transport(_ transport: Transport, ended end: TransportEnd)
}

/// How a connection ended.
package enum TransportEnd: Error, Sendable {
    /// The peer ended it, with close_notify where there is TLS.
    case closed
    /// The stream was cut: a FIN without close_notify.
    case truncated
    /// The system gave up the connection, or never made it.
    case failed(SystemError)
    /// TLS failed.
    case insecure(TLSError)
}

extension Transport: EventHandler {
    package func ready(_ readiness: Readiness) {
        buffers.inEvent {
            if case .connecting = state { return connected() }
            if readiness.mayWrite { sendOutbox() }
            if readiness.mayRead { receive() }
        }
    }

    package func loopClosed() {
        abort()
    }

    private func connected() {
        if let error = Socket.connectError(raw) { return fail(.failed(error)) }
        guard let tls else {
            state = .open
            updateInterest()
            delegate?.transportOpened(self)
            return
        }
        state = .securing
        updateInterest()
        var hello = ByteQueue()
        do throws(TLSError) { try tls.start(output: &hello) } catch { return fail(.insecure(error)) }
        queue(hello)
    }

    // One `recv` a readiness, and no second one to learn that there is no more: the loop is level-triggered.
    private func receive() {
        guard state != .ended else { return }
        switch Socket.receive(raw, into: UnsafeMutableRawBufferPointer(rebasing: buffers.input[..<readSize])) {
        case .bytes(let count): take(UnsafeRawBufferPointer(rebasing: buffers.input[..<count]))
        case .end: peerEnded(tls?.receivedCloseNotify ?? true ? .closed : .truncated)
        case .wouldBlock: break
        case .failed(let error): fail(.failed(error))
        }
    }

    private func take(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .connecting, .securing, .open: break
        case .finishing, .lingering, .ended: return
        }
        // What TLS has to say by itself, once the handshake is over: nothing, as a rule.
        var answer = ByteQueue()
        let decrypted: TLSProgress?
        do throws(TLSError) {
            decrypted = try tls?.receive(bytes, plaintext: buffers.plaintext, output: &answer)
        } catch {
            queue(answer)
            return fail(.insecure(error))
        }
        queue(answer)
        guard let progress = decrypted else {
            delegate?.transport(self, received: bytes.bytes)
            return
        }
        if progress.handshakeCompleted {
            state = .open
            delegate?.transportOpened(self)
        }
        if progress.plaintextCount > 0 {
            let plaintext = UnsafeRawBufferPointer(rebasing: buffers.plaintext[..<progress.plaintextCount])
            delegate?.transport(self, received: plaintext.bytes)
        }
        if progress.closeNotify { peerEnded(.closed) }
    }

    /// The peer says nothing more. What is still queued for it goes out first when this side is ending anyway.
    private func peerEnded(_ end: TransportEnd) {
        guard case .finishing = state, !hasPeerEnded else { return fail(end) }
        hasPeerEnded = true
        pauseReading()
    }

    /// The connection is over: sends the alert that may be due, closes, and tells the owner.
    private func fail(_ end: TransportEnd) {
        guard state != .ended else { return }
        buffers.flush()
        guard state != .ended else { return }
        let delegate = delegate
        self.end()
        delegate?.transport(self, ended: end)
    }

    private func end() {
        state = .ended
        buffers.withdraw(self)
        delegate = nil
        outbox.removeAll(keepingCapacity: false)
        isBlocked = false
        if let lingerTimer { buffers.loop.cancel(lingerTimer) }
        if let registration { buffers.loop.deregister(registration) }
        registration = nil
        descriptor = nil
        companion = nil
    }
}

// MARK: Writing

extension Transport {
    /// Queues what is ready for the wire.
    private func queue(_ bytes: borrowing ByteQueue) {
        guard !bytes.isEmpty else { return }
        buffers.collect(for: self)
        bytes.withUnsafeBytes { buffers.output.append($0) }
    }

    /// Sends what the loop's buffer has collected for this transport; what the socket does not take goes to the outbox.
    func sendCollected() {
        defer { buffers.output.removeAll(keepingCapacity: true) }
        // Behind earlier bytes these wait their turn.
        if !isBlocked {
            switch buffers.output.withUnsafeBytes({ Socket.send(raw, $0) }) {
            case .bytes(let count) where count == buffers.output.count: return
            case .bytes(let count): buffers.output.consume(count)
            case .wouldBlock: break
            case .failed: return  // The next event reports the loss, with its reason.
            }
        }
        buffers.output.withUnsafeBytes { outbox.append($0) }
        setBlocked(true)
    }

    private func sendOutbox() {
        guard isBlocked else { return }
        switch outbox.withUnsafeBytes({ Socket.send(raw, $0) }) {
        case .bytes(let count): outbox.consume(count)
        case .wouldBlock: return
        // The system tells of a loss once: whoever hears it must act.
        case .failed(let error): return fail(.failed(error))
        }
        if outbox.isEmpty {
            setBlocked(false)
            if case .finishing = state { return sayGoodbye() }
        }
        delegate?.transportWrote(self)
    }

    private func setBlocked(_ isBlocked: Bool) {
        self.isBlocked = isBlocked
        updateInterest()
    }

    private var interest: Interest {
        if case .connecting = state { return .writable }
        var interest: Interest = isReadingPaused ? [] : .readable
        if isBlocked { interest.insert(.writable) }
        return interest
    }

    private func updateInterest() {
        guard let registration else { return }
        buffers.loop.modify(registration, interest: interest)
    }
}

// MARK: Ending

extension Transport: TimerHandler, TurnHandler {
    /// Everything that was queued is out: close_notify and FIN follow, and the peer's end is awaited.
    private func sayGoodbye() {
        state = .lingering
        var goodbye = ByteQueue()
        tls?.close(output: &goodbye)
        queue(goodbye)
        buffers.flush()
        guard !isBlocked else {
            state = .finishing
            return
        }
        if hasPeerEnded { return end() }
        do throws(SystemError) { try Socket.shutdownWrite(raw) } catch { end() }
    }

    package func endOfTurn() {
        buffers.flush()
        if case .finishing = state, !isBlocked { sayGoodbye() }
    }

    /// The peer did not end its side in time.
    package func fired(tag: Int) {
        lingerTimer = nil
        abort()
    }
}
