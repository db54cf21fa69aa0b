import Timing

/// What a session knows of one of its legs.
struct LegState {
    /// Frames may be written: the 101 of this leg is out or verified, and it has not been finished or lost.
    private(set) var isOpen = false
    /// The leg is finished, aborted, lost, or never came to be.
    private(set) var isGone = false
    var sentClose = false
    var receivedClose = false
    /// Why the session has asked not to read the leg.
    var holds = Holds()

    /// When the leg last sent anything.
    var heardAt = Instant(nanoseconds: 0)
    /// When it was pinged, if it has been silent since.
    var pingedAt: Instant?
    /// Since when it has not taken a byte of what waits for it; nil while nothing waits.
    var blockedSince: Instant?
    /// When the leg's Close, owed since it was sent one, must be in.
    var closeBy: Instant?
    /// Bytes that wait for the leg's socket.
    var queued = 0

    /// Frames that wait for a frame boundary, or for room: at most one of each kind.
    var owed = OwedFrames()

    /// Whether what the leg sends is still looked at.
    var takesFrames: Bool { isOpen && !receivedClose }

    mutating func open(at now: Instant) {
        isOpen = true
        heardAt = now
    }

    mutating func leave() {
        isOpen = false
        isGone = true
        holds = []
        closeBy = nil
    }

    mutating func heard(at now: Instant) {
        heardAt = now
        pingedAt = nil
    }

    /// Whether the leg is not read.
    var isPaused: Bool { !holds.isEmpty }

    /// Whether the leg's silence is its own: one that is not read cannot be heard.
    var isListenedTo: Bool { isOpen && !isPaused }
}

/// What the relay owes a leg and cannot write yet.
///
/// RFC 6455 §5.5.3: of several pings only the most recent need be answered, so a flood of them costs one frame.
struct OwedFrames {
    var pong: [UInt8]?
    var ping = false

    var isEmpty: Bool { pong == nil && !ping }
}

/// Why a leg is not read: it is read again when no reason is left.
struct Holds: OptionSet {
    let rawValue: UInt8

    /// Too much waits for the other leg.
    static let buffer = Holds(rawValue: 1)
    /// The client's audio may not pass yet.
    static let audio = Holds(rawValue: 2)

    /// Whether the client's credential is this session's to spend is not known yet.
    static let spending = Holds(rawValue: 4)

    /// What has come already may not pass either.
    static let strict: Holds = [.audio, .spending]
}
