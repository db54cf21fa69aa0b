import Bytes
import Crypto
import HTTP
import Reactor
import TLS
import Transport
import WebSocket

/// Something a client is told to do on its connection.
enum ClientAct: Sendable {
    case send(Opcode, fin: Bool, [UInt8])
    /// Bytes that need not be a frame, as soon as TCP and TLS stand.
    case sendRaw([UInt8])
    case ping([UInt8])
    case close(ClosePayload)
    /// FIN without a close frame.
    case finish
    case reset
    case stopReading
    case resumeReading
}

/// One client's connection. Belongs to its client loop.
final class ClientConnection: TransportDelegate {
    /// Answers to plain requests are short.
    private static let maxBodyBytes = 1 << 20
    /// A server's message may be of any size; this is more than any test sends.
    private static let maxMessageBytes: UInt64 = 256 << 20

    private let request: ClientRequest
    private let inbox: Monitor<ClientInbox>
    /// Told when it is over; the transport may still be sending its last bytes.
    private let forget: (Transport?) -> Void
    private let key = OpeningHandshake.key(from: RandomBytes.make(16))
    private var transport: Transport?
    private var stage = Stage.connecting
    private var parser = ResponseHeadParser(limits: HTTPLimits(maxHeadBytes: 64 << 10))
    /// What was asked for before it could be done.
    private var postponed: [ClientAct] = []

    private enum Stage {
        case connecting
        case readingHead
        case readingBody(ResponseHead, [UInt8])
        case open(MessageSocket)
        case over
    }

    init(_ request: ClientRequest, _ inbox: Monitor<ClientInbox>, _ forget: @escaping (Transport?) -> Void) {
        self.request = request
        self.inbox = inbox
        self.forget = forget
    }

    func connect(_ buffers: LoopBuffers) {
        do {
            let descriptor = try Socket.connect(request.address)
            try Socket.setNoDelay(descriptor.raw)
            let tls = try request.tls.map {
                try TLSConnection(client: $0, serverName: request.serverName, sessionKey: request.serverName)
            }
            let transport = Transport(
                descriptor, peer: request.address, tls: tls, isConnecting: true, buffers: buffers)
            self.transport = transport
            try transport.start(self)
        } catch {
            leave("\(error)")
        }
    }

    func perform(_ act: ClientAct) {
        switch (stage, act) {
        case (.over, _): break
        case (_, .reset): reset()
        case (.connecting, _): postponed.append(act)
        case (_, .sendRaw(let bytes)): transport?.write(bytes)
        case (_, .finish): transport?.finish()
        case (_, .stopReading): transport?.pauseReading()
        case (_, .resumeReading): transport?.resumeReading()
        case (.open(let socket), .send(let opcode, let fin, let payload)):
            socket.send(frame: opcode, fin: fin, payload)
        case (.open(let socket), .ping(let payload)): socket.ping(payload)
        case (.open(let socket), .close(let payload)): socket.close(payload)
        default: postponed.append(act)
        }
        publish()
    }

    func transportOpened(_ transport: Transport) {
        stage = .readingHead
        guard let target = try? RequestTarget(request.target) else { return refuseTarget() }
        let head =
            request.isUpgrade
            ? OpeningHandshake.request(target: target, host: request.serverName, key: key, fields: request.fields)
            : plainRequest(target)
        guard let bytes = try? HeadSerializer.serialize(head) else { return refuseTarget() }
        transport.write(bytes)
        performPostponed()
    }

    func transportWrote(_ transport: Transport) {}

    func transport(_ transport: Transport, received bytes: RawSpan) {
        var offset = 0
        // A head and what follows it may come together.
        while offset < bytes.byteCount {
            let rest = bytes.extracting(droppingFirst: offset)
            switch stage {
            case .readingHead: offset += readHead(rest)
            case .readingBody(let head, let body):
                readBody(head, body + [UInt8](rest))
                return
            case .open(let socket):
                for event in socket.read(rest) { take(event, socket) }
                publish()
                return
            case .connecting, .over: return
            }
        }
    }

    func transport(_ transport: Transport, ended end: TransportEnd) {
        if case .readingBody(let head, let body) = stage { post(.answered(head, body: body)) }
        leave(end.name)
    }

    private func plainRequest(_ target: RequestTarget) -> RequestHead {
        var fields: HeaderFields = ["Host": request.serverName]
        fields.append(contentsOf: request.fields)
        return RequestHead(method: request.method, target: target, fields: fields)
    }

    private func refuseTarget() {
        transport?.abort()
        leave("the request cannot be written")
    }

    private func readHead(_ bytes: RawSpan) -> Int {
        var consumed = 0
        do throws(HTTPError) {
            guard let head = try parser.parse(bytes, consumed: &consumed) else { return consumed }
            readAnswer(head)
            return consumed
        } catch {
            leaveUnopened(error.sentence)
            return bytes.byteCount
        }
    }

    private func readAnswer(_ head: ResponseHead) {
        guard request.isUpgrade, head.status == 101 else { return readBody(head, []) }
        let offersExtensions = request.fields.count("Sec-WebSocket-Extensions") > 0
        let offered = (try? Subprotocols.parse(request.fields)) ?? []
        do throws(UpgradeFailure) {
            try OpeningHandshake.verify(
                head, key: key, offeredSubprotocols: offered, offeredExtensions: offersExtensions)
        } catch {
            return leaveUnopened("\(error)")
        }
        guard let transport else { return }
        stage = .open(MessageSocket(transport, isClient: true, maxMessageBytes: Self.maxMessageBytes))
        post(.opened(head))
        performPostponed()
    }

    private func leaveUnopened(_ why: String) {
        post(.badHandshake(why))
        transport?.finish()
        leave("finished")
    }

    /// Gathers the body of an answer that opens nothing; without a length it lasts until the end of the connection.
    private func readBody(_ head: ResponseHead, _ body: [UInt8]) {
        stage = .readingBody(head, body)
        guard let length = try? head.fields.contentLength(), UInt64(body.count) >= length else {
            if body.count > Self.maxBodyBytes { transport?.abort() }
            return
        }
        post(.answered(head, body: body))
        stage = .over
        transport?.finish()
        leave("finished")
    }

    private func take(_ event: MessageReader.Event, _ socket: MessageSocket) {
        switch event {
        case .frame: break
        case .text(let text): post(.text(text))
        case .binary(let bytes): post(.binary(bytes))
        case .ping(let payload): post(.ping(payload))
        case .pong(let payload): post(.pong(payload))
        case .close(let payload):
            post(.close(payload))
            if request.answersClose { socket.close(payload) }
        case .violation(let code, let sentence):
            post(.violation(code, sentence))
            socket.close(ClosePayload(code: code, reason: sentence))
        }
    }

    private func performPostponed() {
        let acts = postponed
        postponed = []
        for act in acts { perform(act) }
    }

    private func reset() {
        transport?.flush()
        transport?.abort()
        leave("reset")
    }

    private func post(_ event: ClientEvent) {
        inbox.update { $0.events.append(event) }
    }

    private func publish() {
        guard case .open(let socket) = stage else { return }
        inbox.update {
            $0.received = socket.received
            $0.sent = socket.sent
            $0.queuedBytes = socket.transport.queuedBytes
        }
    }

    private func leave(_ end: String) {
        publish()
        stage = .over
        post(.ended(end))
        forget(transport)
    }
}
