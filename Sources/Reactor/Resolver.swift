import Timing

/// Finds the addresses of names without holding up a loop: getaddrinfo(3) blocks, so it runs on a few threads of its
/// own.
///
/// Those who ask for one name at the same time share one look-up. A name server that does not answer therefore costs
/// one thread, however many sessions want the name, and the other names go on. Deadlines are the caller's.
package final class Resolver: Sendable {
    /// The addresses in the order in which to try them, at least one and at most `maxAddresses`.
    package typealias Answer = Result<[SocketAddress], ResolveError>
    /// Takes an answer, on whatever thread has it.
    package typealias Completion = @Sendable (Answer) -> Void
    /// A blocking look-up; the ports of its addresses are ignored.
    package typealias Lookup = @Sendable (_ name: String) -> Answer

    /// Threads at most. Only names that hang hold one for long, and few names hang at once: a relay has a dozen
    /// upstreams.
    package static let maxThreads = 16
    /// Different names that may wait for a thread.
    package static let maxQueuedNames = 256
    /// Questions that may be open at once: those of sessions that gave up stay until their name is answered.
    package static let maxQuestions = 16_384
    /// More addresses than anyone would try within a deadline; a name server may send thousands.
    package static let maxAddresses = 16

    private let lookup: Lookup
    private let clock: @Sendable () -> Instant
    private let board: Lock<ResolverBoard>

    /// - Parameters:
    ///   - lookup: what asks the system; tests put their own in its place.
    ///   - clock: tells the age of answers.
    ///   - maxThreads: threads at most, at least one.
    package init(
        lookup: @escaping Lookup = SystemLookup.addresses,
        clock: @escaping @Sendable () -> Instant = MonotonicClock.now,
        maxThreads: Int = Resolver.maxThreads
    ) {
        self.lookup = lookup
        self.clock = clock
        board = Lock(ResolverBoard(maxThreads: maxThreads))
    }

    /// Finds the addresses of `host`, each with `port`.
    ///
    /// A kept answer that was given before `notBefore` does not do: its addresses may have been tried in vain.
    ///
    /// `completion` is called once. Literal addresses, `localhost` and what was looked up a moment ago are answered on
    /// the caller's thread before this returns; anything else on a thread of the resolver, from where it should be
    /// posted on.
    package func resolve(
        _ host: String, port: UInt16, notBefore: Instant? = nil, completion: @escaping Completion
    ) {
        if let addresses = Self.knownAddresses(of: host, port: port) { return completion(.success(addresses)) }
        guard Self.isName(host) else { return completion(.failure(.notFound)) }
        let question = Question(port: port, completion: completion)
        let name = host.lowercased()
        switch board.withLock({ $0.ask(name, question, now: clock(), notBefore: notBefore) }) {
        case .answered(let answer): question.complete(answer)
        case .refused: question.complete(.failure(.overloaded))
        case .waiting: return
        case .wantsThread: startThread(with: name)
        }
    }

    private func startThread(with name: String) {
        do throws(SystemError) {
            _ = try LoopThread.start(name: "resolver") { [self] in lookUp(startingWith: name) }
        } catch {
            // No thread to be had. What is queued is for the threads that run; if there are none, nobody would ever
            // take it.
            let stranded = board.withLock { $0.threadFailed(with: name) }
            for question in stranded { question.complete(.failure(.overloaded)) }
        }
    }

    /// The life of one thread: looks up names until none is left.
    private func lookUp(startingWith first: String) {
        var next: String? = first
        while let name = next {
            let answer = lookup(name).map { Array($0.prefix(Self.maxAddresses)) }
            for question in board.withLock({ $0.answer(name, answer, now: clock()) }) { question.complete(answer) }
            next = board.withLock { $0.nextName() }
        }
    }

    /// What needs no look-up. RFC 6761 §6.3: `localhost` is always the loopback address and is never asked of a server.
    /// IPv4 first, because it is there even where IPv6 is off.
    private static func knownAddresses(of host: String, port: UInt16) -> [SocketAddress]? {
        if let address = SocketAddress(literal: host, port: port) { return [address] }
        guard host.lowercased() == "localhost" else { return nil }
        return ["127.0.0.1", "::1"].compactMap { SocketAddress(literal: $0, port: port) }
    }

    /// RFC 1035 §2.3.4: 255 octets on the wire, which is 253 characters. A NUL would cut the name short in C.
    private static func isName(_ host: String) -> Bool {
        1...253 ~= host.utf8.count && !host.utf8.contains(0)
    }
}

/// Why a name has no addresses.
package enum ResolveError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no such name, or it has no address.
    case notFound
    /// The name server did not answer, or could not; another time it may.
    case temporary
    /// The look-up itself failed; the text is getaddrinfo's.
    case failed(String)
    /// Too many questions are open.
    case overloaded

    package var description: String {
        switch self {
        case .notFound: "no such name"
        case .temporary: "the name server did not answer"
        case .failed(let text): text
        case .overloaded: "too many names are being looked up"
        }
    }
}
