import Bytes
import Crypto
import Reactor
import RelayCore
import TLS
import Transport
import WebSocket

/// The upstream half of a session as the driver writes to it: it keeps what comes before the leg is open, in order, and for
/// as long as another upstream may have to hear it all again.
///
/// Owned by its session's driver, on the loop's thread.
final class UpstreamLeg {
    private(set) var transport: Transport?
    private var held = ByteQueue()
    /// How much is kept once the leg is open; nil: nothing.
    private var keptBytes: Int?

    /// Bytes that wait: for the leg to open, or for its socket.
    var queuedBytes: Int { transport?.queuedBytes ?? held.count }

    /// Frames of the client, masked as they came.
    func pass(_ bytes: RawSpan) {
        guard let transport else { return held.append(bytes) }
        if let keptBytes { keep(bytes, upTo: keptBytes) }
        transport.write(bytes)
    }

    /// A frame of the relay's own: another upstream would not be told it. RFC 6455 §5.3: masked with a key that nobody can
    /// predict.
    func write(_ frame: OwnFrame) {
        let mask = RandomBytes.make(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        transport?.write(frame.encoded(mask: mask).span.bytes)
    }

    /// Completes the frame under way with `count` bytes that unmask to zero under `key`, `offset` bytes into its payload.
    func fill(_ count: UInt64, key: UInt32, offset: UInt64) {
        // A multiple of the key's four bytes, so that every piece is the same but for the length of the last.
        var piece = [UInt8](repeating: 0, count: 16 << 10)
        Masking.apply(key, offset: offset, to: &piece)
        var left = count
        while left > 0 {
            let size = Int(min(left, UInt64(piece.count)))
            transport?.write(piece.span.bytes.extracting(0..<size))
            left -= UInt64(size)
        }
    }

    /// The leg is open: what was held goes first, and is kept up to `keptBytes` with what follows it.
    func open(_ transport: Transport, keeping keptBytes: Int?) {
        self.transport = transport
        self.keptBytes = keptBytes
        held.withUnsafeBytes { transport.write($0.bytes) }
        if keptBytes.map({ held.count > $0 }) ?? true { discard() }
    }

    /// The leg's connection is given up: all that passed waits again, for the next.
    func rewind() {
        transport = nil
        keptBytes = nil
    }

    /// Drops what is held or kept.
    func discard() {
        keptBytes = nil
        held.removeAll(keepingCapacity: false)
    }

    private func keep(_ bytes: RawSpan, upTo limit: Int) {
        if held.count + bytes.byteCount <= limit { held.append(bytes) } else { discard() }
    }
}

extension OwnFrame {
    /// The frame on the wire; `mask` on the way to an upstream (RFC 6455 §5.1).
    func encoded(mask: UInt32?) -> [UInt8] {
        switch self {
        case .ping(let payload): FrameSerializer.frame(opcode: .ping, payload: payload, mask: mask)
        case .pong(let payload): FrameSerializer.frame(opcode: .pong, payload: payload, mask: mask)
        case .close(let payload): FrameSerializer.frame(opcode: .close, payload: payload, mask: mask)
        case .text(let text): FrameSerializer.frame(opcode: .text, payload: Array(text.utf8), mask: mask)
        case .endOfMessage: FrameSerializer.frame(opcode: .continuation, payload: [], mask: mask)
        }
    }
}

extension UpstreamPeer {
    /// Who is at the other end of an open upstream connection.
    init(_ transport: Transport) {
        self.init(
            address: transport.peer.description, certificateSHA256: transport.tls?.peerCertificateSHA256)
    }
}
