import Timing

extension Session {
    /// Tells the session how many bytes wait for a leg's socket, after each write and each time the socket took some.
    ///
    /// A leg is paused while more than the high mark waits for the other one, and read again below half of it: a slow
    /// reader slows its own writer and nobody else, and never the other direction. What one leg can make wait is thus the
    /// high mark and one read.
    package mutating func queued(_ bytes: Int, toward leg: Leg, now: Instant) -> Reaction {
        let before = self[leg].queued
        guard bytes != before else { return Reaction() }
        self[leg].queued = bytes
        noteProgress(of: leg, from: before, to: bytes, now)
        let pause = pauseOrResume(leg.other, queued: bytes, now)
        let frames = bytes < before ? payOwedFrames(to: leg) : []
        return Reaction(pause + frames)
    }

    /// A leg is blocked from the moment something waits for it until it takes a byte.
    private mutating func noteProgress(of leg: Leg, from before: Int, to bytes: Int, _ now: Instant) {
        if bytes == 0 || !self[leg].isOpen {
            self[leg].blockedSince = nil
        } else if bytes < before || self[leg].blockedSince == nil {
            self[leg].blockedSince = now
        }
    }

    private mutating func pauseOrResume(_ writer: Leg, queued: Int, _ now: Instant) -> [SessionAction] {
        if queued <= settings.bufferBytes / 2 { return release(writer, from: .buffer, now) }
        // A leg whose frames pass no more makes nothing wait; it is read for its last words.
        guard queued >= settings.bufferBytes, self[writer].isListenedTo, !destination(writer.other).isShut else {
            return []
        }
        return hold(writer, for: .buffer)
    }

    /// The leg is not read for this reason.
    mutating func hold(_ leg: Leg, for reason: Holds) -> [SessionAction] {
        guard self[leg].isOpen else { return [] }
        defer { self[leg].holds.insert(reason) }
        return self[leg].isPaused ? [] : [.pause(leg)]
    }

    /// This reason not to read the leg is gone.
    mutating func release(_ leg: Leg, from reason: Holds, _ now: Instant) -> [SessionAction] {
        guard self[leg].isPaused else { return [] }
        self[leg].holds.subtract(reason)
        guard !self[leg].isPaused else { return [] }
        self[leg].heard(at: now)
        return [.resume(leg)]
    }

    mutating func resumeReading(_ leg: Leg, _ now: Instant) -> [SessionAction] {
        release(leg, from: self[leg].holds, now)
    }

    /// Whether what the leg has sent may not even be looked at yet. Whoever has it keeps it until the leg is read again.
    package func mustWait(_ leg: Leg) -> Bool {
        !self[leg].holds.isDisjoint(with: .strict)
    }

    /// Writes what the relay owes a leg, if a frame may stand there now and the leg has room: a peer that sends pings and
    /// reads nothing makes nothing grow.
    mutating func payOwedFrames(to leg: Leg) -> [SessionAction] {
        guard !self[leg].owed.isEmpty, self[leg].isOpen, !self[leg].sentClose else { return [] }
        let destination = destination(leg)
        guard destination.mayTakeControlFrame, self[leg].queued < settings.bufferBytes else {
            reportBoundary(toward: leg, !destination.mayTakeControlFrame)
            return []
        }
        reportBoundary(toward: leg, false)
        let owed = self[leg].owed
        self[leg].owed = OwedFrames()
        return (owed.pong.map { [.send(leg, .pong($0))] } ?? []) + (owed.ping ? [.send(leg, .ping([]))] : [])
    }

    private mutating func reportBoundary(toward leg: Leg, _ wanted: Bool) {
        if leg == .client { down.reportsBoundary = wanted } else { up.reportsBoundary = wanted }
    }
}
