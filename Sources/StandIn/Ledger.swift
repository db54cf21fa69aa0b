/// What a stand-in saw: every connection, request and session, for tests to read.
///
/// No key is in it: heads are kept with keys replaced by their names.
package struct Ledger: Equatable, Sendable {
    /// What came to one zone's listener.
    package struct Connections: Equatable, Sendable {
        /// TCP connections accepted.
        package var accepted = 0
        /// Those that are still there.
        package var open = 0
        /// TLS handshakes that did not succeed.
        package var insecure = 0
    }

    /// One request, on whatever path.
    package struct Request: Equatable, Sendable {
        /// Name of the zone whose listener it came to.
        package var zone: String
        /// The head byte for byte as it came, keys replaced by their names in braces; each byte one scalar (ISO 8859-1).
        package var head: String
        /// Path and query.
        package var target: String
        /// The values of all its `Authorization` fields, keys replaced.
        package var authorization: [String]
        /// The status it was answered with; nil while it waits, and for ever when a fault left it unanswered.
        package var status: Int?
    }

    /// One session: a request that was answered 101.
    package struct Session: Equatable, Sendable {
        /// 1 for the first; never used again.
        package var number: Int
        /// The request that opened it.
        package var request: Request
        /// Name of the key that is billed; nil when the credential was not good.
        package var keyName: String?
        /// Whether a temporary token was shown.
        package var isToken = false
        /// The wall clock at the 101, in Unix milliseconds.
        package var openedAt: Int64
        /// Whether `Begin` was sent.
        package var hasBegun = false
        /// Nil while it runs.
        package var ending: ProviderSession.Ending?
        /// What the account is billed for it, in seconds; 0 while it runs.
        package var billedSeconds = 0
        /// Seconds of audio received.
        package var audioSeconds = 0.0
        /// The server name the client asked for in TLS.
        package var serverName: String?
        /// Whether its TLS resumed an earlier connection's.
        package var isResumed = false
        /// What the client sent.
        package var received = Traffic()
        /// What the stand-in sent.
        package var sent = Traffic()
        /// The code of the client's close frame: nil when there was none, or no code in it.
        package var closeReceived: UInt16?
        /// The code of the stand-in's own close frame.
        package var closeSent: UInt16?
        /// How the connection ended; nil while it is there.
        package var connectionEnd: String?

        /// Name of the zone whose listener it came to.
        package var zone: String { request.zone }
    }

    /// By zone.
    package var connections: [String: Connections] = [:]
    /// In the order they came.
    package private(set) var requests: [Request] = []
    private var sessionsByNumber: [Int: Session] = [:]
    private var nextNumber = 1
    private var firstRequest = 0

    /// An empty ledger.
    package init() {}

    /// In the order they were opened.
    package var sessions: [Session] { sessionsByNumber.values.sorted { $0.number < $1.number } }

    /// Sessions of one zone, in the order they were opened.
    package func sessions(in zone: String) -> [Session] { sessions.filter { $0.zone == zone } }

    /// Enters a request and returns what `answerRequest` wants to know.
    package mutating func addRequest(_ request: Request) -> Int {
        requests.append(request)
        return firstRequest + requests.count - 1
    }

    /// Notes the answer to a request.
    package mutating func answerRequest(_ number: Int, status: Int) {
        guard requests.indices.contains(number - firstRequest) else { return }
        requests[number - firstRequest].status = status
    }

    /// Enters a session and returns its number, 1 for the first.
    package mutating func addSession(_ session: Session) -> Int {
        defer { nextNumber += 1 }
        var session = session
        session.number = nextNumber
        sessionsByNumber[nextNumber] = session
        return nextNumber
    }

    /// Changes a session's entry; does nothing when the ledger was cleared since it was opened.
    package mutating func updateSession(_ number: Int, _ change: (inout Session) -> Void) {
        guard var session = sessionsByNumber[number] else { return }
        change(&session)
        sessionsByNumber[number] = session
    }

    /// Forgets everything but the connections that are there. Numbers go on.
    package mutating func clear() {
        firstRequest += requests.count
        requests = []
        sessionsByNumber = [:]
        connections = connections.mapValues { Connections(accepted: 0, open: $0.open, insecure: 0) }
    }
}

// MARK: - JSON

extension Ledger {
    /// The whole ledger.
    package var json: JSONValue {
        [
            "connections": .object(
                connections.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value.json) }),
            "requests": .array(requests.map(\.json)), "sessions": .array(sessions.map(\.json)),
        ]
    }
}

extension Ledger.Connections {
    fileprivate var json: JSONValue {
        ["accepted": JSONValue(accepted), "open": JSONValue(open), "insecure": JSONValue(insecure)]
    }
}

extension Ledger.Request {
    fileprivate var json: JSONValue {
        [
            "zone": .string(zone), "target": .string(target),
            "authorization": .array(authorization.map { .string($0) }),
            "status": status.map { JSONValue($0) } ?? .null, "head": .string(head),
        ]
    }
}

extension Ledger.Session {
    fileprivate var json: JSONValue {
        [
            "number": JSONValue(number), "zone": .string(zone), "target": .string(request.target),
            "authorization": .array(request.authorization.map { .string($0) }), "key": JSONValue(keyName),
            "credential": keyName == nil ? nil : isToken ? "token" : "key", "opened_ms": JSONValue(openedAt),
            "has_begun": .bool(hasBegun), "ended": .string(ending?.rawValue ?? "open"),
            "billed_seconds": JSONValue(billedSeconds), "audio_seconds": .number(audioSeconds),
            "close_received": closeReceived.map { JSONValue($0) } ?? .null,
            "close_sent": closeSent.map { JSONValue($0) } ?? .null, "connection_end": JSONValue(connectionEnd),
            "server_name": JSONValue(serverName), "resumed": .bool(isResumed), "received": received.json,
            "sent": sent.json,
            "head": .string(request.head),
        ]
    }
}
