import Bytes
import Crypto
import Reactor
import TLS

/// The scratch memory of one loop, shared by all its transports: what is read, what it decrypts to, and what is about to
/// be sent. An idle transport thus holds no buffer of its own.
///
/// Owned by its loop's thread.
package final class LoopBuffers {
    let loop: EventLoop
    /// What one `recv` may take: a burst of audio in one system call, and no more than a slow reader's high mark.
    package static let readSize = 64 << 10

    /// The same for a patient transport, behind which all others wait: a record of TLS.
    static let patientReadSize = 16 << 10

    let input = UnsafeMutableRawBufferPointer.allocate(byteCount: readSize, alignment: 16)
    let plaintext = UnsafeMutableRawBufferPointer.allocate(
        byteCount: readSize + TLSConnection.plaintextReserve, alignment: 16)
    /// Bytes on their way to `writer`'s socket, collected so that one event costs one `send`. Unchecked, because it is lent to
    /// TLS and the kernel with every message, and neither calls back.
    @exclusivity(unchecked) var output = ByteQueue(keepsStorage: true)
    /// Whose bytes `output` holds. Not counted, for it changes with every message; a transport that ends withdraws.
    private var writer: Unmanaged<Transport>?
    /// A transport is handling an event, and flushes at its end.
    private var isInEvent = false

    /// Buffers for transports that live on `loop`.
    package init(loop: EventLoop) {
        self.loop = loop
    }

    deinit {
        input.deallocate()
        plaintext.deallocate()
    }

    /// Runs one transport's event and sends what it left to be sent.
    func inEvent(_ body: () -> Void) {
        isInEvent = true
        body()
        isInEvent = false
        flush()
    }

    /// Makes `output` collect for `transport`; what it held for another goes out first.
    func collect(for transport: Transport) {
        guard !isWriter(transport) else { return }
        flush()
        writer = .passUnretained(transport)
        if !isInEvent { loop.atEndOfTurn(self) }
    }

    /// Sends what was collected.
    package func flush() {
        guard let transport = writer else { return }
        writer = nil
        if !output.isEmpty { transport._withUnsafeGuaranteedRef { $0.sendCollected() } }
    }

    /// Drops what was collected for `transport`.
    func withdraw(_ transport: Transport) {
        guard isWriter(transport) else { return }
        writer = nil
        output.removeAll(keepingCapacity: true)
    }

    /// Wipes bytes that `input` or `plaintext` lent.
    func wipe(_ received: RawSpan) {
        received.withUnsafeBytes { received in
            guard let start = received.baseAddress else { return }
            for region in [input, plaintext] {
                guard let base = region.baseAddress, start >= UnsafeRawPointer(base) else { continue }
                let offset = UnsafeRawPointer(base).distance(to: start)
                guard offset + received.count <= region.count else { continue }
                SecretMemory.wipe(UnsafeMutableRawBufferPointer(rebasing: region[offset..<offset + received.count]))
            }
        }
    }

    private func isWriter(_ transport: Transport) -> Bool {
        writer?.toOpaque() == Unmanaged.passUnretained(transport).toOpaque()
    }
}

extension LoopBuffers: TurnHandler {
    package func endOfTurn() {
        flush()
    }
}
