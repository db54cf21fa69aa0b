import Bytes
import HTTP
import Reactor
import Timing
import Transport
import WebSocket

/// One accepted connection while it speaks HTTP: token requests are answered, a session request is upgraded and handed on.
///
/// Belongs to the stand-in's loop; its transport keeps it alive.
final class RequestConnection: TransportDelegate, TimerHandler, ZoneConnection {
    /// Token clients have request lines of 3 kB, key terms and prompts come on top (provider contract §3.1).
    private static let limits = HTTPLimits(maxHeadBytes: 64 << 10)

    private let transport: Transport
    private let zone: ZoneListener
    private var parser = RequestHeadParser(limits: limits)
    private var rawHead: [UInt8] = []
    private var stage = Stage.reading
    private var timer: TimerToken?

    private enum Stage {
        case reading
        /// The answer waits for its time; what comes meanwhile is kept.
        case waiting(Request, kept: [UInt8])
        /// Nothing is read or answered any more.
        case over
    }

    /// A request that was read.
    private struct Request {
        let number: Int
        let head: RequestHead
        let entry: Ledger.Request
        let faults: [Fault]

        var acts: [Fault.Act] { faults.filter { $0.moment == .request }.map(\.act) }

        var delay: Duration? {
            for case .slowAnswer(let milliseconds) in acts { return .milliseconds(milliseconds) }
            return nil
        }
    }

    init(_ transport: Transport, in zone: ZoneListener) {
        self.transport = transport
        self.zone = zone
    }

    func transportOpened(_ transport: Transport) {}

    func transportWrote(_ transport: Transport) {}

    func transport(_ transport: Transport, ended end: TransportEnd) {
        if case .insecure = end { zone.count { $0.insecure += 1 } }
        leave()
    }

    func transport(_ transport: Transport, received bytes: RawSpan) {
        var offset = 0
        while offset < bytes.byteCount {
            let rest = bytes.extracting(droppingFirst: offset)
            switch stage {
            case .over: return
            case .waiting(let request, let kept):
                stage = .waiting(request, kept: kept + [UInt8](rest))
                return
            case .reading: offset += read(rest)
            }
        }
    }

    /// Reads up to the end of a head and answers it. Returns how many bytes that took.
    private func read(_ bytes: RawSpan) -> Int {
        var consumed = 0
        do throws(HTTPError) {
            let head = try parser.parse(bytes, consumed: &consumed)
            rawHead += [UInt8](bytes.extracting(first: consumed))
            guard let head else { return consumed }
            let request = enter(head)
            if let delay = request.delay {
                wait(delay, request)
            } else {
                answer(request, following: bytes.extracting(droppingFirst: consumed))
            }
            return consumed
        } catch {
            respond(status: error.status, body: ["error": .string(error.sentence)])
            finish()
            return bytes.byteCount
        }
    }

    private func enter(_ head: RequestHead) -> Request {
        let keys = zone.zone.keys
        let entry = Ledger.Request(
            zone: zone.zone.name,
            head: keys.redacting(String(String.UnicodeScalarView(rawHead.map { Unicode.Scalar($0) }))),
            target: keys.redacting(head.target.text),
            authorization: head.fields.all("Authorization").map { keys.redacting($0) })
        rawHead = []
        let asked = head.target.parameter("standin_fault").flatMap { (try? Fault.list($0)) ?? [] }
        let set = zone.faults.update { $0.takeForRequest(zone: zone.zone.name) }
        let number = zone.ledger.update { $0.addRequest(entry) }
        return Request(number: number, head: head, entry: entry, faults: asked + set)
    }

    private func wait(_ delay: Duration, _ request: Request) {
        stage = .waiting(request, kept: [])
        timer = zone.loop.schedule(self, at: zone.loop.now + delay)
    }

    /// The time for a slow answer has come.
    func fired(tag: Int) {
        guard case .waiting(let request, let kept) = stage else { return }
        stage = .reading
        answer(request, following: kept.span.bytes)
        // After an upgrade the bytes were frames, and are read; else they are the next request.
        guard case .reading = stage else { return }
        transport(transport, received: kept.span.bytes)
    }

    private func finish() {
        stage = .over
        transport.finish()
        leave()
    }

    func drop() {
        transport.abort()
        leave()
    }

    private func leave() {
        stage = .over
        if let timer { zone.loop.cancel(timer) }
        zone.forget(transport)
    }
}

// MARK: - Answering

extension RequestConnection {
    private func answer(_ request: Request, following bytes: RawSpan) {
        for act in request.acts {
            switch act {
            case .noAnswer:
                stage = .over
                return
            case .reset: return drop()
            case .end: return finish()
            case .raw(let bytes): return transport.write(bytes)
            case .status(let status, let body): return refuse(request, status: status, body: body)
            case .redirect(let url): return redirect(request, to: url)
            default: break  // Those change the 101 or belong to the session.
            }
        }
        switch (zone.zone.mode, request.head.target.path) {
        case (.provider, "/v3/token"): mintToken(request)
        case (.provider, "/v3/ws"), (.echo, _), (.echoFrames, _): open(request, following: bytes)
        case (.provider, _): respond(request, status: 404, body: ["error": "Not Found"])
        }
    }

    private func mintToken(_ request: Request) {
        guard request.head.method == "GET" else {
            return respond(request, status: 405, body: ["detail": "Method Not Allowed"])
        }
        let names = ["expires_in_seconds", "max_session_duration_seconds"]
        let answer = zone.admission.mintToken(
            authorization: request.head.fields.first("Authorization"),
            query: request.head.target.parameters(named: names), at: zone.loop.now)
        respond(request, status: answer.status, body: answer.body)
    }

    /// Provider contract §2.1: a good handshake is answered 101 always; what is wrong with it is told afterwards.
    private func open(_ request: Request, following bytes: RawSpan) {
        let upgrade: UpgradeRequest
        do throws(OpeningHandshakeError) {
            upgrade = try OpeningHandshake.check(request.head)
        } catch {
            return respond(request, status: error.status, body: ["error": .string(error.sentence)], error.fields)
        }
        let head = spoil(OpeningHandshake.response(to: upgrade), request)
        guard let response = try? HeadSerializer.serialize(head) else { return finish() }
        zone.ledger.update { $0.answerRequest(request.number, status: 101) }
        stage = .over
        guard !request.acts.contains(.halfHead) else {
            return transport.write(Array(response.prefix(response.count / 2)))
        }
        transport.write(response)
        begin(request, following: bytes)
    }

    private func begin(_ request: Request, following bytes: RawSpan) {
        let authorization = request.head.fields.first("Authorization")
        switch zone.zone.mode {
        case .echo, .echoFrames:
            EchoConnection(transport, in: zone, request.entry).start(following: bytes)
        case .provider:
            var setup = ProviderSession.Setup(verdict: admit(request.head, authorization))
            setup.faults = request.faults
            setup.delays = zone.zone.delays
            setup.enforcesRate = zone.zone.enforcesRate
            setup.apiVersion = request.head.fields.first("AssemblyAI-Version") ?? setup.apiVersion
            let query = request.head.target.parameters(named: ParameterRules.names)
            do throws(ProviderError) {
                setup.parameters = try ParameterRules.check(query: query)
            } catch {
                if case .success = setup.verdict { setup.verdict = .failure(error) }
            }
            let credential = authorization ?? request.head.target.parameter("token").last
            SessionConnection(transport, in: zone, setup, request.entry, credential: credential ?? "")
                .start(following: bytes)
        }
    }

    private func admit(_ head: RequestHead, _ authorization: String?) -> Result<Admission.Pass, ProviderError> {
        let query = head.target.parameters(named: ["token"])
        return Result { () throws(ProviderError) in
            try zone.admission.admit(authorization: authorization, query: query, at: zone.loop.now)
        }
    }

    private func spoil(_ response: ResponseHead, _ request: Request) -> ResponseHead {
        var response = response
        for act in request.acts {
            switch act {
            case .wrongAccept:
                response.fields.removeAll("Sec-WebSocket-Accept")
                response.fields.append("Sec-WebSocket-Accept", OpeningHandshake.accept(for: "another key"))
            case .missingAccept: response.fields.removeAll("Sec-WebSocket-Accept")
            case .extensions(let value): response.fields.append("Sec-WebSocket-Extensions", value)
            case .subprotocol(let value): response.fields.append("Sec-WebSocket-Protocol", value)
            case .hugeHead(let bytes): response.fields.append("X-Padding", String(repeating: "x", count: bytes))
            case .echoKey(.header):
                response.fields.append("X-Credential", request.head.fields.first("Authorization") ?? "")
            default: break
            }
        }
        return response
    }

    private func refuse(_ request: Request, status: Int, body: String?) {
        let text: JSONValue = ["error": .string(ResponseHead.registeredReason(status))]
        var fields: HeaderFields = [:]
        if status == 429 { fields.append("Retry-After", "1") }
        respond(request, status: status, bytes: Array((body ?? text.text).utf8), fields)
    }

    private func redirect(_ request: Request, to url: String) {
        respond(request, status: 302, body: ["error": "Moved"], ["Location": url])
    }

    private func respond(_ request: Request, status: Int, body: JSONValue, _ fields: HeaderFields = [:]) {
        respond(request, status: status, bytes: Array(body.text.utf8), fields)
    }

    private func respond(_ request: Request, status: Int, bytes: [UInt8], _ fields: HeaderFields) {
        zone.ledger.update { $0.answerRequest(request.number, status: status) }
        transport.write(Self.response(status: status, fields, body: bytes))
        if request.head.fields.contains(token: "close", in: "Connection") { finish() }
    }

    private func respond(status: Int, body: JSONValue) {
        transport.write(Self.response(status: status, [:], body: Array(body.text.utf8)))
    }

    private static func response(status: Int, _ fields: HeaderFields, body: [UInt8]) -> [UInt8] {
        var all = fields
        all.append("Content-Type", "application/json")
        all.append("Content-Length", String(body.count))
        let head = try? HeadSerializer.serialize(ResponseHead(status: status, fields: all))
        return (head ?? []) + body
    }
}

extension RequestTarget {
    /// The parameters of these names, decoded, each as often as it stands.
    func parameters(named names: [String]) -> [(name: String, value: String)] {
        names.flatMap { name in parameter(name).map { (name, $0) } }
    }
}
