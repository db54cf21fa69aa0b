import JSON

/// The operator's log: one JSON object a line.
///
/// `Telemetry` knows names of events and fields, and nothing of files or clocks: both are closures. What may be said is a
/// closed list, and no field of it can carry a payload, a key, a token, a credential or a query.
/// Thread-safe as far as its sink is.
package struct Log: Sendable {
    /// What is less severe is not written.
    package let minimum: LogLevel
    private let format: LogFormat
    private let timestamp: @Sendable () -> String
    private let sink: @Sendable ([UInt8]) -> Void

    /// - Parameters:
    ///   - minimum: what is less severe is not written.
    ///   - timestamp: the wall clock as RFC 3339 text.
    ///   - sink: takes one line, its line feed included. Must not block: event loops call it.
    package init(
        minimum: LogLevel, format: LogFormat = .json, timestamp: @escaping @Sendable () -> String,
        sink: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.minimum = minimum
        self.format = format
        self.timestamp = timestamp
        self.sink = sink
    }

    /// Writes one line, unless the level is too low.
    package func write(_ level: LogLevel, _ event: LogEvent, _ fields: LogField?...) {
        guard level >= minimum else { return }
        sink(Self.line(level, event, fields.compactMap { $0 }, format: format, at: timestamp()))
    }

    /// One line with its line feed.
    package static func line(
        _ level: LogLevel, _ event: LogEvent, _ fields: [LogField], format: LogFormat, at timestamp: String
    ) -> [UInt8] {
        let line =
            switch format {
            case .json: json(level, event, fields, timestamp)
            case .text: text(level, event, fields, timestamp)
            }
        return line + [UInt8(ascii: "\n")]
    }

    private static func json(
        _ level: LogLevel, _ event: LogEvent, _ fields: [LogField], _ timestamp: String
    ) -> [UInt8] {
        var writer = JSONObjectWriter()
        writer.member("time", timestamp)
        writer.member("level", level.rawValue)
        writer.member("event", event.rawValue)
        for field in fields {
            switch field.value {
            case .text(let text): writer.member(field.name, text)
            case .number(let number): writer.member(field.name, number)
            }
        }
        return writer.json
    }

    private static func text(
        _ level: LogLevel, _ event: LogEvent, _ fields: [LogField], _ timestamp: String
    ) -> [UInt8] {
        var line = "\(timestamp) \(level.rawValue) \(event.rawValue)"
        for field in fields {
            switch field.value {
            // Quoted as JSON, so that nothing a peer sent can become structure.
            case .text(let text): line += " \(field.name)=\(JSONText.quoted(text))"
            case .number(let number): line += " \(field.name)=\(number)"
            }
        }
        return Array(line.utf8)
    }
}

/// How much an operator must care.
package enum LogLevel: String, CaseIterable, Comparable, Sendable {
    /// What a peer did wrong: of interest to whoever debugs that peer.
    case debug
    /// What happens when all is well, and what the relay dealt with by itself.
    case info
    /// Something that will hurt if it stays.
    case warning
    /// Somebody must act.
    case error

    package static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.severity < right.severity
    }

    private var severity: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }
}

/// How a line is written.
package enum LogFormat: String, CaseIterable, Sendable {
    /// One JSON object.
    case json
    /// For people at a terminal.
    case text
}

/// What a line is about: a closed list.
package enum LogEvent: String, CaseIterable, Sendable {
    /// A listener accepts connections.
    case listening
    /// A connection could not be accepted, or was given up before its request.
    case connectionFailed = "connection-failed"
    /// A session was opened upstream.
    case sessionOpened = "session-opened"
    /// A session ended.
    case sessionEnded = "session-ended"
    /// An operator ended sessions.
    case endedByOperator = "ended-by-operator"
    /// A request was refused.
    case refused
    /// A session token was minted.
    case tokenMinted = "token-minted"
    /// Refusals beyond a limit of refusals, since the last such line.
    case refusalsLimited = "refusals-limited"
    /// An endpoint could not be used.
    case dialFailed = "dial-failed"
    /// An address of an endpoint, or who answered there, is not what it should be.
    case verificationFailed = "verification-failed"
    /// A provider refused the relay's key.
    case keyRejected = "key-rejected"
    /// An endpoint failed so often that it is left alone for a while.
    case breakerOpened = "breaker-opened"
    /// One dial tries an endpoint that was left alone.
    case breakerHalfOpened = "breaker-half-opened"
    /// An endpoint that was left alone is in use again.
    case breakerClosed = "breaker-closed"
    /// A setting that works, but should not stay.
    case configurationWarning = "configuration-warning"
    /// A new version of the configuration is in force.
    case reloaded
    /// A new version of the configuration is faulty; the one in force stays.
    case reloadRefused = "reload-refused"
    /// The relay takes no more sessions and lets the present ones end.
    case draining
    /// The relay has ended.
    case stopped
    /// Receipts cannot be written: they wait, and new sessions may be refused.
    case receiptsUnwritable = "receipts-unwritable"
    /// Receipts are written again.
    case receiptsWritable = "receipts-writable"
    /// A receipt log ended in a line that was cut off; a new line vouches for it.
    case receiptsRecovered = "receipts-recovered"
    /// Receipts go to a new file.
    case receiptsRotated = "receipts-rotated"
    /// An identity provider does not give its keys: those known before go on to be used.
    case keySetUnavailable = "key-set-unavailable"
    /// The keys of an identity provider are known, for the first time or after it was away.
    case keySetAvailable = "key-set-available"
    /// An event loop does not come around: those it serves hear nothing.
    case loopStuck = "loop-stuck"
    /// What several relays share does not answer: what is counted there is refused, or counted here.
    case sharedStateUnavailable = "shared-state-unavailable"
    /// What several relays share answers, for the first time or after it was away.
    case sharedStateAvailable = "shared-state-available"
    /// The collector of traces does not take them: they wait, and are dropped beyond a bound.
    case tracesUnavailable = "traces-unavailable"
    /// The collector of traces takes them again.
    case tracesAvailable = "traces-available"
    /// Lines were lost because the log's reader is too slow.
    case logLinesLost = "log-lines-lost"
}

/// A fact in a line: a closed list, so that what must never be logged has no name here.
package struct LogField: Sendable {
    let name: String
    let value: Value

    enum Value: Sendable {
        case text(String)
        case number(Int)
    }

    private init(_ name: String, _ text: String) {
        self.name = name
        value = .text(text)
    }

    private init(_ name: String, _ number: Int) {
        self.name = name
        value = .number(number)
    }

    /// The session's id.
    package static func session(_ id: String) -> LogField { LogField("session", id) }
    /// Whom the client belongs to.
    package static func tenant(_ name: String) -> LogField { LogField("tenant", name) }
    /// The zone that hears the audio.
    package static func zone(_ name: String) -> LogField { LogField("zone", name) }
    /// The zone the client asked for.
    package static func asked(_ zone: String) -> LogField { LogField("asked", zone) }
    /// The upstream's URL: a configured one, without any query.
    package static func endpoint(_ url: String) -> LogField { LogField("endpoint", url) }
    /// An identity provider, as it is configured.
    package static func issuer(_ issuer: String) -> LogField { LogField("issuer", issuer) }
    /// An address of a peer or listener.
    package static func address(_ address: String) -> LogField { LogField("address", address) }
    /// A client's IP address, by the word of balancers that are believed or the system's.
    package static func client(_ address: String) -> LogField { LogField("client", address) }
    /// Why a session ended.
    package static func ending(_ name: String) -> LogField { LogField("ending", name) }
    /// A refusal's name.
    package static func refusal(_ name: String) -> LogField { LogField("refusal", name) }
    /// The limit that refused or ended something, by its name.
    package static func limit(_ name: String) -> LogField { LogField("limit", name) }
    /// The number of the rule that refused.
    package static func rule(_ number: Int) -> LogField { LogField("rule", number) }
    /// The version of the policy that decided.
    package static func policy(_ version: String) -> LogField { LogField("policy", version) }
    /// A kind from a closed list: of a failure, a leg, a signal.
    package static func kind(_ kind: String) -> LogField { LogField("kind", kind) }
    /// An explanation for operators, made by the relay, the system or OpenSSL; never a peer's words.
    package static func detail(_ text: String) -> LogField { LogField("detail", text) }
    /// A reason from a closed list: which check failed.
    package static func reason(_ reason: String) -> LogField { LogField("reason", reason) }
    /// Which of a zone's keys: its role, not the key.
    package static func keyChoice(_ choice: String) -> LogField { LogField("which_key", choice) }
    /// A close code.
    package static func code(_ code: Int) -> LogField { LogField("code", code) }
    /// How many, of whatever the event speaks of.
    package static func count(_ count: Int) -> LogField { LogField("count", count) }
    /// How long a token can be used.
    package static func expiresIn(_ seconds: Int) -> LogField { LogField("expires_in_seconds", seconds) }
    /// From the request to the end.
    package static func milliseconds(_ count: Int) -> LogField { LogField("milliseconds", count) }
    /// Until the upstream was open.
    package static func dialMilliseconds(_ count: Int) -> LogField { LogField("dial_milliseconds", count) }
    /// Data frames of the client.
    package static func framesUp(_ count: UInt64) -> LogField { LogField("frames_up", Int(clamping: count)) }
    /// Data frames of the provider.
    package static func framesDown(_ count: UInt64) -> LogField { LogField("frames_down", Int(clamping: count)) }
    /// Payload bytes of the client.
    package static func bytesUp(_ count: UInt64) -> LogField { LogField("bytes_up", Int(clamping: count)) }
    /// Payload bytes of the provider.
    package static func bytesDown(_ count: UInt64) -> LogField { LogField("bytes_down", Int(clamping: count)) }
    /// The audio that the client sent, as the relay measures it.
    package static func audioMilliseconds(_ count: Int) -> LogField { LogField("audio_milliseconds", count) }
    /// The provider's own count.
    package static func billedSeconds(_ count: Int) -> LogField { LogField("billed_seconds", count) }
    /// Who told the provider to finish.
    package static func terminatedBy(_ leg: String) -> LogField { LogField("terminated_by", leg) }
}
