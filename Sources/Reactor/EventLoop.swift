// Reactor: descriptors, threads, clocks and names, and nothing of what is said over them.
//
// It knows how to wait for the kernel and whom to tell. It must never know TLS, HTTP, WebSocket, tenants or sessions.
// `Transport` puts bytes and TLS on it; `RelayServer` and `StandIn` start its loops and post to their mailboxes.
//
// One loop belongs to one thread. Everything it calls runs there, so neither the loop nor its handlers are locked or
// Sendable; the compiler keeps them on their thread. `Mailbox` is the only door for other threads.

import Timing

/// One thread's loop: waits for descriptors, timers and mailboxes, and calls their handlers.
///
/// A turn goes: wait; read the clock; the events of descriptors; the timers that are due; the end of the turn; release
/// what was retired. Nothing on the way of an event allocates or takes a lock.
///
/// What is registered as `patient` is heard behind all that is not, one event a turn: whatever comes to it in whatever number,
/// nobody else waits for more than one of these. The kernel keeps those that are ready in a row, so that each has its turn, and
/// each turn serves one. Where there are none, they cost nothing.
package final class EventLoop {
    /// The moment at which this turn began.
    package var now: Instant { turnBegan }

    // Behind the property above, because one that other modules see costs a check at each access.
    private var turnBegan: Instant
    private let epoll: Epoll
    /// Watches those who are patient, and is watched by `epoll`.
    private let patientEpoll: Epoll
    /// One of them is ready, as the wait of this turn told.
    private var isPatientReady = false
    // Unchecked, because it is asked with every event; a handler that a change lets go of is retired, not released.
    @exclusivity(unchecked) private var watched = SlotTable<Watched>()
    private var timers = TimerQueue()
    /// When the next timer is due: what each turn asks, without a look at the queue.
    private var alarm: Instant?
    private let turnHandlers = Batch<any TurnHandler>()
    private let retired = Batch<AnyObject>()
    private var isStopping = false
    /// How long its turns took so far.
    @exclusivity(unchecked) package private(set) var turnTimes = TurnTimes()

    private struct Watched {
        let handler: any EventHandler
        let descriptor: Int32
        var interest: Interest
        var precedence: Precedence
    }

    /// Of `patientEpoll` in `epoll`; no slot has it.
    private static let patientKey = SlotKey(index: .max, generation: .max)

    /// A loop for the thread that will call `run`.
    package init() throws(SystemError) {
        epoll = try Epoll()
        patientEpoll = try Epoll(most: 1)
        try epoll.add(patientEpoll, key: Self.patientKey)
        turnBegan = MonotonicClock.now()
    }

    /// Runs turns until a handler calls `stop`.
    package func run() {
        turnBegan = MonotonicClock.now()
        while !isStopping { turn() }
        isStopping = false
    }

    /// Ends `run` after this turn.
    package func stop() {
        isStopping = true
    }

    /// Lets go of everything: who is registered is told, timers are forgotten. For the end of the loop's thread: handlers,
    /// their descriptors and the loop hold one another, and would stay.
    package func close() {
        for entry in watched.values { entry.handler.loopClosed() }
        watched = SlotTable()
        timers = TimerQueue()
        turnHandlers.drain { _ in }
        retired.drain { _ in }
    }

    func turn() {
        let count = epoll.wait(milliseconds: patience)
        turnBegan = MonotonicClock.now()
        deliver(count)
        if isPatientReady { deliverOneOfThePatient() }
        if let alarm, alarm.nanoseconds <= turnBegan.nanoseconds { fireTimers(most: max(count, Self.minTimers)) }
        turnHandlers.drain { $0.endOfTurn() }
        retired.drain { _ in }
        turnTimes.note(MonotonicClock.now().nanoseconds &- turnBegan.nanoseconds)
    }
}

// MARK: - Descriptors

extension EventLoop {
    /// Tells `handler` what `descriptor` is ready for, from the next turn until `deregister`. The loop keeps the
    /// handler alive meanwhile, and only borrows the descriptor.
    package func register(
        _ handler: any EventHandler, descriptor: Int32, interest: Interest, precedence: Precedence = .prompt
    ) throws(SystemError) -> Registration {
        let entry = Watched(handler: handler, descriptor: descriptor, interest: interest, precedence: precedence)
        let key = watched.insert(entry)
        do throws(SystemError) { try watch(entry, key) } catch {
            _ = watched.remove(key)
            throw error
        }
        return Registration(key: key)
    }

    /// From now on the events of a patient registration are heard with the prompt ones.
    ///
    /// Throws when the system has no room for that; then nothing has changed.
    package func promote(_ registration: Registration) throws(SystemError) {
        let key = registration.key
        guard var entry = watched[key], entry.precedence == .patient else { return }
        entry.precedence = .prompt
        try watch(entry, key)
        watched.update(key) { $0.precedence = .prompt }
        do throws(SystemError) { try patientEpoll.remove(entry.descriptor) } catch {
            assertionFailure("descriptor closed before it was deregistered: \(error)")
        }
    }

    private func watch(_ entry: Watched, _ key: SlotKey) throws(SystemError) {
        switch entry.precedence {
        case .prompt: try epoll.add(entry.descriptor, entry.interest, key: key)
        case .patient: try patientEpoll.add(entry.descriptor, entry.interest, key: key)
        }
    }

    /// Changes what the handler hears. The system is asked only if there is a change.
    package func modify(_ registration: Registration, interest: Interest) {
        let key = registration.key
        guard let entry = watched[key], entry.interest != interest else { return }
        watched.update(key) { $0.interest = interest }
        do throws(SystemError) {
            switch entry.precedence {
            case .prompt: try epoll.modify(entry.descriptor, interest, key: key)
            case .patient: try patientEpoll.modify(entry.descriptor, interest, key: key)
            }
        } catch {
            assertionFailure("descriptor closed before it was deregistered: \(error)")
        }
    }

    /// Ends the events of a registration at once, those of the running turn included. Call it before the descriptor is
    /// closed: its number may belong to another afterwards. The handler stays alive until the turn is over.
    package func deregister(_ registration: Registration) {
        guard let entry = watched.remove(registration.key) else { return }
        retire(entry.handler)
        do throws(SystemError) {
            switch entry.precedence {
            case .prompt: try epoll.remove(entry.descriptor)
            case .patient: try patientEpoll.remove(entry.descriptor)
            }
        } catch {
            assertionFailure("descriptor closed before it was deregistered: \(error)")
        }
    }

    /// Keeps `object` alive until this turn is over, so that callers further up the stack may still return into it.
    package func retire(_ object: AnyObject) {
        retired.append(object)
    }

    private func deliver(_ count: Int) {
        for index in 0..<count {
            let (key, readiness) = epoll.event(at: index)
            // An earlier event of the batch may have deregistered this one; its slot, and its descriptor's number, may
            // even have a new owner. The generation in the key tells.
            if let handler = watched[key]?.handler {
                handler.ready(readiness)
            } else if key == Self.patientKey {
                isPatientReady = true
            }
        }
    }

    private func deliverOneOfThePatient() {
        isPatientReady = false
        // None, if the prompt ones have ended them.
        guard patientEpoll.wait(milliseconds: 0) > 0 else { return }
        let (key, readiness) = patientEpoll.event(at: 0)
        watched[key]?.handler.ready(readiness)
    }
}

/// Whose events come first when there is more to do than time.
package enum Precedence: Sendable {
    /// Heard in every turn: what is under way, and late when it waits.
    case prompt
    /// Heard behind those, one a turn: what comes from whoever has only just arrived, in whatever number.
    case patient
}

/// Names a watched descriptor, for `modify` and `deregister`. Stale once deregistered, and then without effect.
package struct Registration: Hashable {
    let key: SlotKey
}

/// What hears of a descriptor.
package protocol EventHandler: AnyObject {
    /// The descriptor is ready. It is told again in each turn for as long as that is so.
    ///
    /// `hangup` and `error` come even when nobody asked: a handler that does not act on them is called without end.
    func ready(_ readiness: Readiness)

    /// The loop is over and calls nobody any more: the time to let go of what refers back. Most have nothing to do.
    func loopClosed()
}

extension EventHandler {
    package func loopClosed() {}
}

// MARK: - Timers

extension EventLoop {
    /// Calls `handler` once, not before `deadline`. The loop keeps it alive until then.
    ///
    /// Timers fire in the order of their deadlines. One that is scheduled for a moment already past fires in the next
    /// turn.
    @discardableResult
    package func schedule(_ handler: any TimerHandler, at deadline: Instant, tag: Int = 0) -> TimerToken {
        // Not before `now`, so that no timer can push itself in front of those that are due.
        let token = timers.insert(handler, at: max(deadline, now), tag: tag)
        alarm = timers.earliest
        return token
    }

    /// Keeps a timer from firing, in this turn too. Does nothing when it has fired.
    package func cancel(_ token: TimerToken) {
        timers.cancel(token)
        alarm = timers.earliest
    }

    /// - Parameter most: no more than that: thousands may be due at the same moment, of connections that came together, and what
    ///   is ready does not wait for them all.
    private func fireTimers(most: Int) {
        // Those scheduled from here on wait for the next turn: a timer that re-arms itself cannot hold up the loop.
        let end = timers.sequence
        for _ in 0..<most {
            guard let (handler, tag) = timers.popDue(at: now, scheduledBefore: end) else { return }
            alarm = timers.earliest
            handler.fired(tag: tag)
        }
    }

    /// Timers that may fire in a turn, however few events it has. With many events as many timers may, so that neither holds up
    /// the other.
    private static let minTimers = 4

    /// How long the wait may take, in the milliseconds of epoll_wait(2): -1 is for ever.
    private var patience: Int32 {
        if isStopping || !turnHandlers.isEmpty { return 0 }
        guard let alarm else { return -1 }
        guard alarm.nanoseconds > now.nanoseconds else { return 0 }
        // Rounded up: a wait that ends too early would only be followed by another.
        return Int32(clamping: (alarm.nanoseconds - now.nanoseconds - 1) / 1_000_000 + 1)
    }
}

// MARK: - The end of a turn

extension EventLoop {
    /// Calls `handler` once when the events and timers of this turn are done, so that what they wrote can leave
    /// together. One that asks during the end of a turn is called at the end of the next, which then does not wait.
    package func atEndOfTurn(_ handler: any TurnHandler) {
        turnHandlers.append(handler)
    }
}

/// What wants to be called when a turn is over.
package protocol TurnHandler: AnyObject {
    /// The events and timers of the turn are done.
    func endOfTurn()
}

/// Objects gathered during a turn and dealt with at its end. Those that come while that happens wait for the next time;
/// two buffers change places, so that a steady flow allocates nothing.
private final class Batch<Element> {
    private var gathering: [Element] = []
    private var draining: [Element] = []
    /// Kept beside the arrays, for every turn asks: what they release may run any code, so each access to them is checked.
    private(set) var isEmpty = true

    func append(_ element: Element) {
        gathering.append(element)
        isEmpty = false
    }

    func drain(_ body: (Element) -> Void) {
        guard !isEmpty else { return }
        swap(&gathering, &draining)
        isEmpty = true
        for index in draining.indices { body(draining[index]) }
        draining.removeAll(keepingCapacity: true)
    }
}
