/// A stretch of a session's life, as tracing has it (OpenTelemetry's data model). What may be said of it is the log's closed list
/// of facts, so a span holds no more than a line of the log could.
package struct Span: Sendable {
    /// Of the whole trace: 16 bytes.
    package let trace: [UInt8]
    /// Its own: 8 bytes.
    package let id: [UInt8]
    /// The span that caused it; nil: none is known.
    package let parent: [UInt8]?
    /// What it is.
    package let name: Name
    /// In nanoseconds of Unix time.
    package let start: UInt64
    /// In nanoseconds of Unix time; not before `start`.
    package let end: UInt64
    /// Whether what it was for came to nothing.
    package let hasFailed: Bool
    let facts: [LogField]

    /// What a span can be: a closed list.
    package enum Name: String, CaseIterable, Sendable {
        /// From the request to the end.
        case session
        /// From the request to the decision: whom the credential proves, and what policy says.
        case decide
        /// One endpoint, from its look-up to its 101.
        case dial
        /// From the open upstream to the provider's `Begin`.
        case begin
        /// From the open upstream to the end.
        case relay

        /// OpenTelemetry's kind: 1 internal, 2 server, 3 client.
        var kind: Int {
            switch self {
            case .session: 2
            case .dial: 3
            case .decide, .begin, .relay: 1
            }
        }
    }

    /// - Parameter facts: those that are nil are left out.
    package init(
        _ name: Name, trace: [UInt8], id: [UInt8], parent: [UInt8]?, from start: UInt64, to end: UInt64,
        hasFailed: Bool = false, _ facts: [LogField?]
    ) {
        self.name = name
        self.trace = trace
        self.id = id
        self.parent = parent
        self.start = start
        self.end = max(start, end)
        self.hasFailed = hasFailed
        self.facts = facts.compactMap { $0 }
    }
}
