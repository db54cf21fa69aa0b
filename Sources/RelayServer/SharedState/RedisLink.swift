import Bytes
import Crypto
import Reactor
import Redis
import TLS
import Telemetry
import Timing
import Transport

/// The connection to the Redis server: made, greeted, and made again after a while when it is lost.
///
/// Commands are answered in their order. One that is not answered in time takes the connection with it: nobody could tell
/// which answer belongs to which command any more, and a server that hangs must hold up nobody. Belongs to its loop's thread.
final class RedisLink {
    /// What a command came to; nil: nobody knows, and it may have been carried out.
    typealias Answer = (RedisReply?) -> Void

    private let loop: EventLoop
    private let buffers: LoopBuffers
    private let resolver: Resolver
    private let post: @Sendable (Resolver.Answer, Int) -> Void
    private unowned let owner: any RedisLinkOwner
    private var address: RedisAddress
    private var state = State.idle
    /// Counts the attempts to connect: tells whose look-up is answered.
    private var attempt = 0
    private var transport: Transport?
    private var reader: RedisReader?
    /// Addresses that have not been tried.
    private var candidates: ArraySlice<SocketAddress> = []
    private var awaited: [(sentAt: Instant, answer: Answer)] = []
    private var nextAwaited = 0
    private var timer: TimerToken?
    private var pause = firstPause
    /// What waits for the connection to be open.
    private var unsent: [() -> [String]] = []

    private enum State: Equatable {
        case idle
        /// A name is looked up, a connection made and greeted; what is sent meanwhile waits.
        case connecting(since: Instant)
        case open
        /// Nothing is tried before then.
        case resting(until: Instant)
    }

    /// How long an answer may take, and a connection. The 101 waits for it, and official SDKs give up after a second.
    static let patience = Duration.milliseconds(700)
    private static let firstPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(3)

    /// - Parameter post: brings a resolver's answer back to this thread, to `resolved`.
    init(
        _ address: RedisAddress, on loop: EventLoop, resolver: Resolver, for owner: any RedisLinkOwner,
        post: @escaping @Sendable (Resolver.Answer, Int) -> Void
    ) {
        self.address = address
        self.loop = loop
        self.resolver = resolver
        self.owner = owner
        self.post = post
        buffers = LoopBuffers(loop: loop)
    }

    /// Whether it is of any use to send something: the server answers, or may within the time that an answer may take.
    var isOfUse: Bool {
        switch state {
        case .open, .connecting: true
        case .idle, .resting: false
        }
    }

    /// Connects. Does nothing when there is a connection, or will be.
    func open() {
        guard case .idle = state else { return }
        connect()
    }

    /// Connects anew where the server is another one, or wants another password.
    func change(to address: RedisAddress) {
        guard self.address != address else { return }
        self.address = address
        pause = Self.firstPause
        end(resting: false)
        connect()
    }

    /// Sends a command. `answer` is called once, not before this returns.
    ///
    /// - Parameter words: taken when the command is written, which is after `linkOpened`: they may name the start of the server.
    func send(_ words: @autoclosure @escaping () -> [String], _ answer: @escaping Answer) {
        awaited.append((loop.now, answer))
        if case .open = state { transport?.write(RedisCommand.bytes(words())) } else { unsent.append(words) }
        setTimer()
    }

    /// Ends the connection. Whoever waits for an answer gets none.
    func close() {
        end(resting: false)
    }
}

/// Who hears of a link's ups and downs.
protocol RedisLinkOwner: AnyObject {
    /// The server answers. `run` names this start of it.
    func linkOpened(run: String)
    /// It does not any more, or not yet; once for each connection.
    func linkFailed(_ reason: String)
}

// MARK: Connecting

extension RedisLink {
    private func connect() {
        attempt += 1
        state = .connecting(since: loop.now)
        setTimer()
        let (post, attempt) = (post, attempt)
        resolver.resolve(address.host, port: address.port) { post($0, attempt) }
    }

    /// The resolver's answer to an attempt.
    func resolved(_ answer: Resolver.Answer, for attempt: Int) {
        guard attempt == self.attempt, case .connecting = state, transport == nil else { return }
        switch answer {
        case .success(let addresses):
            candidates = addresses[...]
            tryNext("the name has no address")
        case .failure(let error): fail("\(error)")
        }
    }

    private func tryNext(_ reason: String) {
        guard let candidate = candidates.popFirst() else { return fail(reason) }
        do {
            let descriptor = try Socket.connect(candidate)
            try Socket.setNoDelay(descriptor.raw)
            let tls = try address.tls.map {
                try TLSConnection(client: $0, serverName: address.host, sessionKey: address.host)
            }
            let transport = Transport(descriptor, peer: candidate, tls: tls, isConnecting: true, buffers: buffers)
            try transport.start(self)
            self.transport = transport
        } catch {
            tryNext("\(candidate): \(error)")
        }
    }

    /// The first commands of a connection. What they come to says whether it is of use.
    private func greet() {
        guard let reader = RedisReader() else { return fail("no memory") }
        self.reader = reader
        // Those that came before wait behind the greeting.
        let waiting = awaited
        awaited = []
        if let password = address.password {
            expect { $0 == .status("OK") ? nil : "AUTH: \($0.errorWord ?? "refused")" }
            RedisCommand.authenticate(as: address.user, with: password).withBytes { transport?.writeSecret($0.bytes) }
        }
        greet(["SELECT", "\(address.database)"]) {
            $0 == .status("OK") ? nil : "SELECT: \($0.errorWord ?? "refused")"
        }
        greet(["INFO", "server"]) { [weak self] reply in
            guard let run = reply.text.flatMap(Self.run) else { return "INFO: \(reply.errorWord ?? "no run_id")" }
            self?.opened(run: run)
            return nil
        }
        awaited += waiting
    }

    private func greet(_ words: [String], _ objection: @escaping (RedisReply) -> String?) {
        expect(objection)
        transport?.write(RedisCommand.bytes(words))
    }

    private func expect(_ objection: @escaping (RedisReply) -> String?) {
        awaited.append(
            (
                loop.now,
                { [weak self] reply in
                    if let reason = reply.flatMap(objection) { self?.fail(reason) }
                }
            ))
    }

    /// `run_id:…` of the server's description of itself.
    private static func run(in info: String) -> String? {
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("run_id:") }
        return line.map { String($0.dropFirst("run_id:".count)) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    private func opened(run: String) {
        pause = Self.firstPause
        // What the owner sends now stands in line behind what waits.
        owner.linkOpened(run: run)
        state = .open
        for words in unsent { transport?.write(RedisCommand.bytes(words())) }
        unsent = []
    }
}

extension RedisLink: TransportDelegate {
    func transportOpened(_ transport: Transport) {
        greet()
    }

    func transport(_ transport: Transport, received bytes: RawSpan) {
        do throws(RedisError) {
            try reader?.receive(bytes)
            while let reply = try reader?.next() {
                guard nextAwaited < awaited.count else { return fail("an answer that nobody asked for") }
                nextAwaited += 1
                awaited[nextAwaited - 1].answer(reply)
                // The answer may have ended the connection.
                guard self.transport === transport else { return }
            }
        } catch {
            return fail("no answers of a Redis server: \(error)")
        }
        awaited.removeFirst(nextAwaited)
        nextAwaited = 0
        setTimer()
    }

    func transportWrote(_ transport: Transport) {}

    func transport(_ transport: Transport, ended end: TransportEnd) {
        self.transport = nil
        guard case .connecting = state, reader == nil else { return fail("the connection ended: \(end)") }
        tryNext("\(transport.peer): \(end)")
    }
}

// MARK: Failing

extension RedisLink: TimerHandler {
    /// Ends the connection, and makes another after a while.
    func fail(_ reason: String) {
        owner.linkFailed(reason)
        end(resting: true)
    }

    /// Whoever waits for an answer gets none.
    private func end(resting rests: Bool) {
        attempt += 1
        transport?.abort()
        (transport, reader, candidates, unsent) = (nil, nil, [], [])
        let lost = awaited[nextAwaited...]
        (awaited, nextAwaited) = ([], 0)
        if rests {
            state = .resting(until: loop.now + pause * Double.random(in: 0.75...1.25))
            pause = min(pause * 2, Self.longestPause)
        } else {
            state = .idle
        }
        setTimer()
        for command in lost { command.answer(nil) }
    }

    private var due: Instant? {
        switch state {
        case .idle: nil
        case .resting(let end): end
        case .connecting(let since): since + Self.patience
        case .open: nextAwaited < awaited.count ? awaited[nextAwaited].sentAt + Self.patience : nil
        }
    }

    private func setTimer() {
        if let timer { loop.cancel(timer) }
        timer = due.map { loop.schedule(self, at: $0) }
    }

    func fired(tag: Int) {
        timer = nil
        switch state {
        case .idle: break
        case .resting: connect()
        case .connecting: fail("no connection in time")
        case .open:
            guard let due, due <= loop.now else { return setTimer() }
            fail("no answer in time")
        }
    }
}
