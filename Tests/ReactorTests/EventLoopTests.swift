import Glibc
import Testing
import Timing

@testable import Reactor

@Suite struct EventLoopTests {
    // MARK: Descriptors

    @Test func aClosedLoopLetsGoOfWhatWasRegistered() throws {
        let pair = try SocketPair()
        var isToldOfTheEnd = false
        weak var released: AnyObject?
        weak var timer: OnTimer?
        do {
            let loop = try EventLoop()
            // As a connection does: handler, loop and timer hold one another.
            let handler = UntilTheEnd { isToldOfTheEnd = true }
            handler.loop = loop
            _ = try loop.register(handler, descriptor: pair.ours.raw, interest: .readable)
            let onTimer = OnTimer { [loop] _ in _ = loop.now }
            loop.schedule(onTimer, at: loop.now + .seconds(60))
            (released, timer) = (handler, onTimer)
            loop.close()
        }
        #expect(isToldOfTheEnd)
        #expect(released == nil)
        #expect(timer == nil)
    }

    @Test func aHandlerIsToldInEachTurnUntilTheBytesAreTaken() throws {
        let loop = try EventLoop()
        let pair = try SocketPair()
        var heard: [Readiness] = []
        _ = try loop.register(OnReady { heard.append($0) }, descriptor: pair.ours.raw, interest: .readable)
        #expect(send("x", to: pair.theirs.raw) == .bytes(1))
        loop.turn()
        loop.turn()
        #expect(heard == [.readable, .readable])

        #expect(receive(from: pair.ours.raw).text == "x")
        loop.turnWithoutWaiting()
        #expect(heard.count == 2)
    }

    @Test func onlyWhatIsOfInterestIsTold() throws {
        let loop = try EventLoop()
        let pair = try SocketPair()
        #expect(send("x", to: pair.theirs.raw) == .bytes(1))
        var heard: [Readiness] = []
        let registration = try loop.register(
            OnReady { heard.append($0) }, descriptor: pair.ours.raw, interest: .writable)
        loop.turn()
        #expect(heard.last == .writable)
        loop.modify(registration, interest: [.readable, .writable])
        loop.turn()
        #expect(heard.last == [.readable, .writable])
        loop.modify(registration, interest: [])
        loop.turnWithoutWaiting()
        #expect(heard.count == 2)
    }

    @Test func aHandlerDeregisteredWithinTheBatchHearsNothingMore() throws {
        let loop = try EventLoop()
        let pairs = try Pairs()
        var heard = 0
        var registrations: [Registration] = []
        let handler = OnReady { [unowned loop] _ in
            heard += 1
            for registration in registrations { loop.deregister(registration) }
        }
        registrations = [
            try loop.register(handler, descriptor: pairs.a, interest: .readable),
            try loop.register(handler, descriptor: pairs.b, interest: .readable),
        ]
        pairs.makeBothReadable()
        loop.turn()
        loop.turnWithoutWaiting()
        #expect(heard == 1)
    }

    @Test func anEventForADescriptorThatWasClosedAndReusedWithinTheBatchIsNotDelivered() throws {
        let loop = try EventLoop()
        let pairs = try Pairs()
        let spare = try SocketPair()
        var registrations: [Int32: Registration] = [:]
        var newcomers = 0

        // Whoever is called first puts a new descriptor, with nothing to read, in the place of the other's number.
        func replace(_ number: Int32, on loop: EventLoop) {
            guard let old = registrations.removeValue(forKey: number) else { return }
            loop.deregister(old)
            #expect(dup2(spare.ours.raw, number) == number)
            let registered = Result {
                try loop.register(OnReady { _ in newcomers += 1 }, descriptor: number, interest: .readable)
            }
            let isSlotReused = (try? registered.get().key.index) == old.key.index
            #expect(isSlotReused)
        }
        let (a, b) = (pairs.a, pairs.b)
        var isFirst = true
        func replaceOnce(_ number: Int32, on loop: EventLoop) {
            if isFirst { replace(number, on: loop) }
            isFirst = false
        }
        registrations[a] = try loop.register(
            OnReady { [unowned loop] _ in replaceOnce(b, on: loop) }, descriptor: a, interest: .readable)
        registrations[b] = try loop.register(
            OnReady { [unowned loop] _ in replaceOnce(a, on: loop) }, descriptor: b, interest: .readable)

        pairs.makeBothReadable()
        loop.turn()
        #expect(!isFirst && newcomers == 0)

        #expect(send("x", to: spare.theirs.raw) == .bytes(1))
        loop.turn()
        #expect(newcomers == 1)
    }

    // MARK: Precedence

    /// However many they are, and however much each has to say.
    @Test func whatIsPromptWaitsForOnePatientEventAtMost() throws {
        let loop = try EventLoop()
        let session = try SocketPair()
        let newcomers = try (0..<20).map { _ in try ReadablePair() }
        var heard = ""
        let (ours, theirs) = (session.ours.raw, session.theirs.raw)
        _ = try loop.register(
            OnReady { _ in heard += receive(from: ours).text }, descriptor: ours, interest: .readable)
        for newcomer in newcomers {
            let handler = OnReady { _ in
                heard += "n"
                #expect(send("s", to: theirs) == .bytes(1))
            }
            _ = try loop.register(handler, descriptor: newcomer.descriptor, interest: .readable, precedence: .patient)
        }
        for _ in 0..<100 { loop.turn() }
        #expect(heard == "n" + String(repeating: "sn", count: 99))
    }

    @Test func thePatientAreHeardInTurn() throws {
        let loop = try EventLoop()
        let busy = try ReadablePair()
        let newcomers = try (0..<20).map { _ in try ReadablePair() }
        var counts = [Int](repeating: 0, count: newcomers.count)
        _ = try loop.register(OnReady { _ in }, descriptor: busy.descriptor, interest: .readable)
        for (index, newcomer) in newcomers.enumerated() {
            _ = try loop.register(
                OnReady { _ in counts[index] += 1 }, descriptor: newcomer.descriptor, interest: .readable,
                precedence: .patient)
        }
        for _ in 0..<5 * newcomers.count { loop.turn() }
        #expect(counts == [Int](repeating: 5, count: newcomers.count))
    }

    /// More are ready than one wait can tell of.
    @Test func whoeverIsPatientIsNeverLeftOut() throws {
        let loop = try EventLoop()
        let busy = try (0..<600).map { _ in try ReadablePair() }
        let newcomer = try ReadablePair()
        var count = 0
        for pair in busy { _ = try loop.register(OnReady { _ in }, descriptor: pair.descriptor, interest: .readable) }
        _ = try loop.register(
            OnReady { _ in count += 1 }, descriptor: newcomer.descriptor, interest: .readable, precedence: .patient)
        for _ in 0..<100 { loop.turn() }
        #expect(count >= 10)
    }

    @Test func whoeverIsPromotedIsHeardWithThePrompt() throws {
        let loop = try EventLoop()
        let pairs = try (0..<3).map { _ in try ReadablePair() }
        var counts = [0, 0, 0]
        let registrations = try pairs.enumerated().map { index, pair in
            try loop.register(
                OnReady { _ in counts[index] += 1 }, descriptor: pair.descriptor, interest: .readable,
                precedence: .patient)
        }
        for registration in registrations.prefix(2) {
            try loop.promote(registration)
            // Once more changes nothing.
            try loop.promote(registration)
        }
        for _ in 0..<4 { loop.turn() }
        #expect(counts == [4, 4, 4])
        loop.modify(registrations[0], interest: [])
        loop.deregister(registrations[1])
        for _ in 0..<4 { loop.turn() }
        #expect(counts == [4, 4, 8])
        // A registration that is over stays so.
        try loop.promote(registrations[1])
        loop.modify(registrations[0], interest: .readable)
        loop.modify(registrations[2], interest: [])
        loop.turn()
        #expect(counts == [5, 4, 8])
        loop.deregister(registrations[2])
        loop.deregister(registrations[0])
        loop.turnWithoutWaiting()
        #expect(counts == [5, 4, 8])
    }

    /// Its event came, and then the end of what it was an event of.
    @Test func aPatientHandlerThatAPromptOneEndsHearsNothing() throws {
        let loop = try EventLoop()
        let (session, newcomer) = (try ReadablePair(), try ReadablePair())
        var heard = 0
        let registration = try loop.register(
            OnReady { _ in heard += 1 }, descriptor: newcomer.descriptor, interest: .readable, precedence: .patient)
        _ = try loop.register(
            OnReady { [unowned loop] _ in loop.deregister(registration) }, descriptor: session.descriptor,
            interest: .readable)
        loop.turn()
        loop.turn()
        #expect(heard == 0)
    }

    @Test func theEndOfOneDirectionLeavesTheOther() throws {
        let loop = try EventLoop()
        let pair = try SocketPair()
        var found: ReadResult?
        let raw = pair.ours.raw
        _ = try loop.register(OnReady { _ in found = receive(from: raw).result }, descriptor: raw, interest: .readable)
        try Socket.shutdownWrite(pair.theirs.raw)
        loop.turn()
        #expect(found == .end)
        #expect(send("answer", to: pair.ours.raw) == .bytes(6))
        #expect(receive(from: pair.theirs.raw).text == "answer")
    }

    @Test func theEndOfBothDirectionsIsToldEvenWhenNobodyAsked() throws {
        let loop = try EventLoop()
        let pair = try SocketPair()
        var heard: Readiness = []
        _ = try loop.register(OnReady { heard = $0 }, descriptor: pair.ours.raw, interest: [])
        try Socket.shutdownWrite(pair.theirs.raw)
        try Socket.shutdownWrite(pair.ours.raw)
        loop.turn()
        #expect(heard.contains(.hangup))
    }

    @Test func aHandlerLivesUntilTheTurnInWhichItWasDeregisteredIsOver() throws {
        let loop = try EventLoop()
        let pair = try SocketPair()
        var registration: Registration?
        weak var handler: OnReady?
        var wasAlive = false
        func register() throws {
            let made = OnReady { [unowned loop] _ in
                if let registration { loop.deregister(registration) }
                wasAlive = handler != nil
            }
            handler = made
            registration = try loop.register(made, descriptor: pair.ours.raw, interest: .readable)
        }
        try register()
        #expect(handler != nil)
        #expect(send("x", to: pair.theirs.raw) == .bytes(1))
        loop.turn()
        #expect(wasAlive)
        #expect(handler == nil)
    }

    @Test func aRetiredObjectIsReleasedAtTheEndOfTheTurnAndMayRetireOthersThen() throws {
        final class Owner {
            let onEnd: () -> Void
            init(_ onEnd: @escaping () -> Void) { self.onEnd = onEnd }
            deinit { onEnd() }
        }
        let loop = try EventLoop()
        var ended: [String] = []
        loop.retire(
            Owner { [unowned loop] in
                ended.append("outer")
                loop.retire(Owner { ended.append("inner") })
            })
        loop.schedule(OnTimer { _ in #expect(ended.isEmpty) }, at: loop.now)
        loop.turn()
        #expect(ended == ["outer"])
        loop.turnWithoutWaiting()
        #expect(ended == ["outer", "inner"])
    }

    @Test func aStaleRegistrationHasNoEffect() throws {
        let loop = try EventLoop()
        let pair = try SocketPair()
        let stale = try loop.register(OnReady { _ in }, descriptor: pair.ours.raw, interest: .readable)
        loop.deregister(stale)
        var heard = 0
        _ = try loop.register(OnReady { _ in heard += 1 }, descriptor: pair.ours.raw, interest: .readable)
        loop.modify(stale, interest: [])
        loop.deregister(stale)
        #expect(send("x", to: pair.theirs.raw) == .bytes(1))
        loop.turn()
        #expect(heard == 1)
    }

    @Test func aDescriptorThatCannotBeWatchedIsAnErrorAndIsForgotten() throws {
        let loop = try EventLoop()
        let file = Descriptor(owning: open("/proc/self/exe", O_RDONLY))
        weak var kept: OnReady?
        func register() throws {
            let handler = OnReady { _ in }
            kept = handler
            _ = try loop.register(handler, descriptor: file.raw, interest: .readable)
        }
        #expect(throws: SystemError(code: EPERM, call: "epoll_ctl")) { try register() }
        #expect(kept == nil)
    }

    @Test func tenThousandConnectionsLeaveAsManySocketsAsBefore() async {
        await #expect(processExitsWith: .success) {
            let loop = try EventLoop()
            let before = openSocketCount()
            for _ in 0..<10_000 {
                let pair = try SocketPair()
                var heard = 0
                let registration = try loop.register(
                    OnReady { _ in heard += 1 }, descriptor: pair.ours.raw, interest: .readable)
                _ = send("x", to: pair.theirs.raw)
                loop.turn()
                loop.deregister(registration)
                precondition(heard == 1)
            }
            precondition(openSocketCount() == before)
        }
    }

    @Test func signalsDoNotDisturbTheLoop() async {
        await #expect(processExitsWith: .success) {
            signal(SIGUSR2) { _ in }
            let mailbox = try Mailbox<Int>()
            let thread = Lock<pthread_t?>(nil)
            let received = Lock(0)
            let running = try LoopThread.start(name: "interrupted") {
                guard let loop = try? EventLoop() else { return }
                let receiver = OnMessage<Int> { [unowned loop] message in
                    received.withLock { $0 += 1 }
                    if message < 0 { loop.stop() }
                }
                guard (try? mailbox.attach(receiver, to: loop)) != nil else { return }
                thread.withLock { $0 = pthread_self() }
                loop.run()
            }
            while thread.withLock({ $0 }) == nil { sched_yield() }
            for message in 0..<2_000 {
                if let target = thread.withLock({ $0 }) { pthread_kill(target, SIGUSR2) }
                mailbox.post(message)
                sched_yield()
            }
            mailbox.post(-1)
            running.join()
            precondition(received.withLock { $0 } == 2_001)
        }
    }

    // MARK: Timers

    @Test func timersFireInOrderAndNeverEarly() throws {
        let loop = try EventLoop()
        let start = loop.now
        var fired: [Int] = []
        let handler = OnTimer { [unowned loop] tag in
            #expect(MonotonicClock.now() >= start + .milliseconds(tag))
            #expect(loop.now >= start + .milliseconds(tag))
            fired.append(tag)
            if fired.count == 4 { loop.stop() }
        }
        for milliseconds in [7, 1, 5, 3] {
            loop.schedule(handler, at: start + .milliseconds(milliseconds), tag: milliseconds)
        }
        loop.run()
        #expect(fired == [1, 3, 5, 7])
    }

    @Test func aTimerMayCancelAnotherThatIsDueInTheSameTurn() throws {
        let loop = try EventLoop()
        var fired: [Int] = []
        var second: TimerToken?
        let handler = OnTimer { [unowned loop] tag in
            fired.append(tag)
            if let second { loop.cancel(second) }
        }
        loop.schedule(handler, at: loop.now, tag: 1)
        second = loop.schedule(handler, at: loop.now, tag: 2)
        loop.turn()
        loop.turnWithoutWaiting()
        #expect(fired == [1])
    }

    @Test func aTimerThatArmsItselfAgainFiresOnceATurnAndStarvesNobody() throws {
        let loop = try EventLoop()
        var order: [String] = []
        var eager: OnTimer?
        eager = OnTimer { [unowned loop] _ in
            order.append("eager")
            if let eager { loop.schedule(eager, at: Instant(nanoseconds: 0)) }
        }
        if let eager { loop.schedule(eager, at: Instant(nanoseconds: 0)) }
        loop.schedule(OnTimer { _ in order.append("patient") }, at: loop.now)
        loop.turn()
        #expect(order == ["eager", "patient"])
        loop.turn()
        #expect(order == ["eager", "patient", "eager"])
        eager = nil
    }

    @Test func whatIsReadyDoesNotWaitForAllTimersThatAreDue() throws {
        let loop = try EventLoop()
        let ready = try ReadablePair()
        var order = ""
        _ = try loop.register(OnReady { _ in order += "r" }, descriptor: ready.descriptor, interest: .readable)
        for _ in 0..<100 { loop.schedule(OnTimer { _ in order += "t" }, at: loop.now) }
        for _ in 0..<26 { loop.turn() }
        #expect(order == String(repeating: "rtttt", count: 25) + "r")
    }

    @Test func aFiredOrCancelledTimerReleasesItsHandler() throws {
        let loop = try EventLoop()
        weak var handler: OnTimer?
        func schedule() -> TimerToken {
            let made = OnTimer { _ in }
            handler = made
            return loop.schedule(made, at: loop.now + .seconds(3600))
        }
        let token = schedule()
        #expect(handler != nil)
        loop.cancel(token)
        #expect(handler == nil)
    }

    // MARK: Turns

    @Test func theEndOfTheTurnComesOnceAfterEventsAndTimers() throws {
        let loop = try EventLoop()
        let pair = try SocketPair()
        var order: [String] = []
        let atEnd = OnTurnEnd { order.append("end") }
        let raw = pair.ours.raw
        let onReady = OnReady { [unowned loop] _ in
            order.append("event")
            _ = receive(from: raw)
            loop.atEndOfTurn(atEnd)
        }
        _ = try loop.register(onReady, descriptor: raw, interest: .readable)
        loop.schedule(OnTimer { _ in order.append("timer") }, at: loop.now)
        #expect(send("x", to: pair.theirs.raw) == .bytes(1))
        loop.turn()
        loop.turnWithoutWaiting()
        #expect(order == ["event", "timer", "end"])
    }

    @Test func whoAsksDuringTheEndOfATurnIsCalledAtTheEndOfTheNextWhichDoesNotWait() throws {
        let loop = try EventLoop()
        var calls = 0
        var again: OnTurnEnd?
        again = OnTurnEnd { [unowned loop] in
            calls += 1
            if calls < 3, let again { loop.atEndOfTurn(again) }
        }
        if let again { loop.atEndOfTurn(again) }
        for turn in 1...3 {
            loop.turn()
            #expect(calls == turn)
        }
        again = nil
    }

    @Test func stoppingEndsTheRunAndTheLoopCanRunAgain() throws {
        let loop = try EventLoop()
        var runs = 0
        for _ in 0..<2 {
            loop.schedule(
                OnTimer { [unowned loop] _ in
                    runs += 1
                    loop.stop()
                }, at: loop.now)
            loop.run()
        }
        #expect(runs == 2)
    }
}

extension EventLoop {
    /// A turn that ends at once even when nothing happens.
    fileprivate func turnWithoutWaiting() {
        let nothing = OnTimer { _ in }
        schedule(nothing, at: now)
        turn()
    }
}

/// Two socket pairs, of which `a` and `b` are watched.
private struct Pairs: ~Copyable {
    private let first: SocketPair
    private let second: SocketPair

    init() throws {
        let one = try SocketPair()
        let other = try SocketPair()
        first = one
        second = other
    }

    var a: Int32 { first.ours.raw }
    var b: Int32 { second.ours.raw }

    func makeBothReadable() {
        #expect(send("x", to: first.theirs.raw) == .bytes(1))
        #expect(send("x", to: second.theirs.raw) == .bytes(1))
    }
}

/// A handler that holds its loop and lets go of nothing by itself.
private final class UntilTheEnd: EventHandler {
    var loop: EventLoop?
    private let end: () -> Void
    init(_ end: @escaping () -> Void) { self.end = end }
    func ready(_ readiness: Readiness) {}
    func loopClosed() { end() }
}
