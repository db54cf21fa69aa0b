import Dispatch
import Testing
import Timing

@testable import Reactor

@Suite struct ResolverTests {
    @Test func oneHungNameOccupiesOneThreadAndStarvesNobody() async {
        let names = ScriptedNames(hanging: ["hung.example"])
        let resolver = Resolver(lookup: names.lookup, maxThreads: 2)
        let answered = Lock(0)
        for _ in 0..<100 { resolver.resolve("hung.example", port: 443) { _ in answered.withLock { $0 += 1 } } }

        for number in 0..<50 {
            #expect(await resolver.answer("name\(number).example", port: 1) == .success([address("192.0.2.7", 1)]))
        }
        #expect(answered.withLock { $0 } == 0)
        #expect(names.asked("hung.example") == 1)

        names.letGo()
        #expect(await resolver.answer("hung.example", port: 2) == .success([address("192.0.2.7", 2)]))
        #expect(names.asked("hung.example") == 1)
        #expect(answered.withLock { $0 } == 100)
    }

    @Test func eachQuestionGetsItsOwnPort() async {
        let resolver = Resolver(lookup: ScriptedNames().lookup)
        #expect(await resolver.answer("a.example", port: 80) == .success([address("192.0.2.7", 80)]))
        #expect(await resolver.answer("a.example", port: 443) == .success([address("192.0.2.7", 443)]))
    }

    @Test(arguments: [
        ("192.0.2.1", ["192.0.2.1:5"]), ("[2001:db8::1]", ["[2001:db8::1]:5"]), ("2001:db8::1", ["[2001:db8::1]:5"]),
        ("localhost", ["127.0.0.1:5", "[::1]:5"]), ("LocalHost", ["127.0.0.1:5", "[::1]:5"]),
    ])
    func literalAddressesAndLocalhostAreAnsweredAtOnce(host: String, expected: [String]) {
        let names = ScriptedNames()
        let resolver = Resolver(lookup: names.lookup)
        let found = Lock<[String]?>(nil)
        resolver.resolve(host, port: 5) { answer in
            found.withLock { $0 = try? answer.get().map(\.description) }
        }
        #expect(found.withLock { $0 } == expected)
        #expect(names.total == 0)
    }

    @Test(arguments: ["", "a\0b", String(repeating: "a", count: 254)])
    func whatCannotBeANameIsNotLookedUp(host: String) async {
        let names = ScriptedNames()
        #expect(await Resolver(lookup: names.lookup).answer(host, port: 1) == .failure(.notFound))
        #expect(names.total == 0)
    }

    @Test func anAnswerIsKeptForTenSecondsWhateverTheCaseOfTheName() async {
        let (names, clock) = (ScriptedNames(), ManualClock())
        let resolver = Resolver(lookup: names.lookup, clock: clock.now)
        _ = await resolver.answer("a.example", port: 1)
        clock.advance(.milliseconds(9_999))
        _ = await resolver.answer("A.Example", port: 1)
        #expect(names.asked("a.example") == 1)
        clock.advance(.milliseconds(1))
        _ = await resolver.answer("a.example", port: 1)
        #expect(names.asked("a.example") == 2)
    }

    @Test func aFailureIsKeptForOneSecond() async {
        let (names, clock) = (ScriptedNames(missing: ["gone.example"]), ManualClock())
        let resolver = Resolver(lookup: names.lookup, clock: clock.now)
        #expect(await resolver.answer("gone.example", port: 1) == .failure(.notFound))
        clock.advance(.milliseconds(999))
        #expect(await resolver.answer("gone.example", port: 1) == .failure(.notFound))
        #expect(names.asked("gone.example") == 1)
        clock.advance(.milliseconds(1))
        _ = await resolver.answer("gone.example", port: 1)
        #expect(names.asked("gone.example") == 2)
    }

    @Test func noMoreThanSixteenAddressesAreHandedOut() async throws {
        let many = (1...200).map { address("192.0.2.\($0)", 0) }
        let resolver = Resolver(lookup: { _ in .success(many) })
        let found = try await resolver.answer("many.example", port: 9).get()
        #expect(found == many.prefix(16).map { $0.with(port: 9) })
    }

    @Test func aFullQueueRefusesAndTheNamesInItAreStillAnswered() async {
        let names = ScriptedNames(hanging: ["hung.example"])
        let resolver = Resolver(lookup: names.lookup, maxThreads: 1)
        let answered = Lock(0)
        resolver.resolve("hung.example", port: 1) { _ in }
        for number in 0..<Resolver.maxQueuedNames {
            resolver.resolve("name\(number).example", port: 1) { _ in answered.withLock { $0 += 1 } }
        }
        #expect(await resolver.answer("one-too-many.example", port: 1) == .failure(.overloaded))
        #expect(await resolver.answer("localhost", port: 1) != .failure(.overloaded))

        names.letGo()
        #expect(await resolver.answer("hung.example", port: 1) == .success([address("192.0.2.7", 1)]))
        _ = await resolver.answer("name\(Resolver.maxQueuedNames - 1).example", port: 1)
        #expect(answered.withLock { $0 } == Resolver.maxQueuedNames)
    }

    @Test func manyThreadsMayAskAtOnce() async throws {
        let resolver = Resolver(lookup: ScriptedNames().lookup, maxThreads: 4)
        let (askers, each) = (4, 500)
        let answered = Lock(0)
        let done = DispatchSemaphore(value: 0)
        let threads = try (0..<askers).map { asker in
            try LoopThread.start(name: "asker") {
                for number in 0..<each {
                    resolver.resolve("name\((asker + number) % 97).example", port: 1) { _ in
                        let isLast = answered.withLock { count in
                            count += 1
                            return count == askers * each
                        }
                        if isLast { done.signal() }
                    }
                }
                if asker == 0 { done.wait() }
            }
        }
        for thread in threads { thread.join() }
        #expect(answered.withLock { $0 } == askers * each)
    }
}

/// A look-up that answers every name with one address, but for those that hang or are missing, and counts.
private final class ScriptedNames: Sendable {
    private let hanging: Set<String>
    private let missing: Set<String>
    private let counts = Lock<[String: Int]>([:])
    private let gate = DispatchSemaphore(value: 0)

    init(hanging: Set<String> = [], missing: Set<String> = []) {
        self.hanging = hanging
        self.missing = missing
    }

    var lookup: Resolver.Lookup {
        { [self] name in
            counts.withLock { $0[name, default: 0] += 1 }
            if hanging.contains(name) { gate.wait() }
            return missing.contains(name) ? .failure(.notFound) : .success([address("192.0.2.7", 0)])
        }
    }

    var total: Int { counts.withLock { $0.values.reduce(0, +) } }

    func asked(_ name: String) -> Int { counts.withLock { $0[name] ?? 0 } }

    func letGo() { gate.signal() }
}

private final class ManualClock: Sendable {
    private let time = Lock(Instant(nanoseconds: 1_000_000_000))
    var now: @Sendable () -> Instant { { [self] in time.withLock { $0 } } }
    func advance(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
}

extension Resolver {
    fileprivate func answer(_ host: String, port: UInt16) async -> Answer {
        await withCheckedContinuation { continuation in
            resolve(host, port: port) { continuation.resume(returning: $0) }
        }
    }
}

/// An address that is written properly; any other is a fault of the test.
private func address(_ literal: String, _ port: UInt16) -> SocketAddress {
    guard let address = SocketAddress(literal: literal, port: port) else { preconditionFailure(literal) }
    return address
}
