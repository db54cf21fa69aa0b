import Timing

/// The one budget of a connection: everything that a peer can make us do for nothing is paid from it, and when it is used up
/// the connection goes away with ENHANCE_YOUR_CALM.
///
/// One budget, because attacks can be mixed: whoever stays under ten limits at once still does ten times the harm. What
/// honest clients do has causes, and causes pay: a window is only enlarged where DATA went out.
package struct Suspicion: Sendable {
    /// 10,000 tokens, 330 a second come back: nghttp2's `glitch_rate_limit` since 1.64, which the version here lacks.
    package static let defaultRule = TokenBucket.Rule(size: 10_000, interval: .microseconds(3030))

    private let rule: TokenBucket.Rule
    private var bucket = TokenBucket()
    /// WINDOW_UPDATE frames that have a cause. RFC 9113 §6.9.2: before the first DATA a client may enlarge its windows.
    private var excusedWindowUpdates = 5
    /// What the last token was spent on; nil while there is one.
    package private(set) var exhaustedBy: Act?

    package init(by rule: TokenBucket.Rule = Suspicion.defaultRule) {
        self.rule = rule
    }

    /// Whether the connection must end.
    package var isExhausted: Bool { exhaustedBy != nil }

    /// Pays for what the peer did, `count` times.
    package mutating func note(_ act: Act, count: Int = 1, now: Instant) {
        if act == .updatedWindow, excusedWindowUpdates > 0 {
            excusedWindowUpdates -= 1
            return
        }
        guard act.cost > 0, count > 0, !isExhausted else { return }
        bucket.take(act.cost * count, by: rule, now: now)
        if bucket.wait(by: rule, now: now) != nil { exhaustedBy = act }
    }

    /// The peer did what needs no budget to be judged.
    package mutating func condemn(_ act: Act) {
        if exhaustedBy == nil { exhaustedBy = act }
    }

    /// A stream was opened or DATA was sent, either of which is a cause to enlarge windows.
    ///
    /// Envoy (`max_inbound_window_update_frames_per_data_frame_sent`) excuses twenty for a DATA frame. A client that
    /// answers each frame for its stream and for the connection needs two.
    package mutating func excuseWindowUpdates(_ count: Int) {
        excusedWindowUpdates = min(excusedWindowUpdates + count, Self.maxExcusedWindowUpdates)
    }

    private static let maxExcusedWindowUpdates = 10_000
}

extension Suspicion {
    /// What a peer can make us do, by the name it is counted by.
    package enum Act: String, CaseIterable, Sendable {
        /// It opened a stream, or sent fields where there is one.
        case openedStream = "opened-stream"
        /// It sent a KiB of compressed fields beyond a head's first.
        case sentLargeHead = "sent-large-head"
        /// It sent fields that are not kept: of a head beyond its limits, or behind a request.
        case sentUselessFields = "sent-useless-fields"
        /// It cut its fields into another frame.
        case sentContinuation = "sent-continuation"
        /// It cut one head into more frames than any head needs.
        case sentEndlessHead = "sent-endless-head"
        /// It reset a stream.
        case resetStream = "reset-stream"
        /// It made us reset a stream, by breaking a rule on it.
        case provokedReset = "provoked-reset"
        /// It changed its settings.
        case sentSettings = "sent-settings"
        /// It pinged, or answered a ping that nobody sent.
        case pinged
        /// It enlarged a window without a cause.
        case updatedWindow = "updated-window"
        /// Its window cut what was to be sent to a sliver.
        case tookSliver = "took-sliver"
        /// It let what was to be sent to it wait behind an empty window for another second.
        case heldStream = "held-stream"
        /// It sent DATA without data.
        case sentEmptyData = "sent-empty-data"
        /// It ordered streams, which nothing here heeds.
        case sentPriority = "sent-priority"
        /// It sent a frame of a kind that means nothing here, or a GOAWAY.
        case sentOtherFrame = "sent-other-frame"
        /// It makes us owe it answers faster than it takes them.
        case ignoredAnswers = "ignored-answers"
    }
}

extension Suspicion.Act {
    /// Tokens: one for what costs us as little as it costs the peer, ten for what makes us build up, tear down or answer.
    package var cost: Int {
        switch self {
        // nginx ends a connection after 1,000 requests (`keepalive_requests`), HAProxy after `max-total-streams`.
        case .openedStream: 1
        // A KiB of HPACK can name 1,024 fields: about 40 µs of decoding.
        case .sentLargeHead: 1
        // Header bombs, CVE-2016-1544 and CVE-2019-9516 (fields of no length).
        case .sentUselessFields: 1
        // CVE-2024-27316 and others: nghttp2 and Envoy refuse a ninth; below that each one costs a tenth of a hundred.
        case .sentContinuation: 10
        // nghttp2's `max_continuations` is 8.
        case .sentEndlessHead: 10
        // CVE-2023-44487, Rapid Reset: nghttp2 allows 1,000 at once and 33 a second, which is this price.
        case .resetStream: 10
        // CVE-2025-8671, MadeYouReset: the same harm by our own hand.
        case .provokedReset: 10
        // CVE-2019-9515: each is acknowledged, and a new window walks over all streams.
        case .sentSettings: 10
        // CVE-2019-9512.
        case .pinged: 1
        // CVE-2019-9511, and Envoy's limit.
        case .updatedWindow: 1
        // CVE-2019-9511, data dribble, and CVE-2019-9517, internal data buffering.
        case .tookSliver: 1
        // CVE-2019-9517: one held stream is slowness, which its session's deadline judges; many are a method.
        case .heldStream: 10
        // CVE-2019-9518: Envoy allows one in a row.
        case .sentEmptyData: 1
        // CVE-2019-9513, resource loop: Envoy allows 100 a stream, Firefox used to begin with five.
        case .sentPriority: 1
        // RFC 9113 §4.1: unknown frames are ignored, not free.
        case .sentOtherFrame: 1
        // Envoy's `max_outbound_control_frames`; not paid but decided, see `HTTP2Connection`.
        case .ignoredAnswers: 10
        }
    }

    /// What the log says of a connection that ended by this.
    package var words: String {
        switch self {
        case .openedStream: "too many streams opened"
        case .sentLargeHead: "too large heads"
        case .sentUselessFields: "too many fields beyond the limits"
        case .sentContinuation: "too many CONTINUATION frames"
        case .sentEndlessHead: "too many CONTINUATION frames in one head"
        case .resetStream: "too many streams reset"
        case .provokedReset: "too many resets provoked"
        case .sentSettings: "too many SETTINGS frames"
        case .pinged: "too many PING frames"
        case .updatedWindow: "too many WINDOW_UPDATE frames"
        case .tookSliver: "windows too small for what waits"
        case .heldStream: "too many streams held with empty windows"
        case .sentEmptyData: "too many DATA frames without data"
        case .sentPriority: "too many PRIORITY frames"
        case .sentOtherFrame: "too many frames of unknown kinds"
        case .ignoredAnswers: "answers are not taken"
        }
    }
}
