import Policy
import WebSocket

/// Why a session ended: a closed list, and the same word in logs, metrics and receipts. The first reason wins.
package enum Ending: Equatable, Sendable {
    /// The client sent a Close frame, with this code unless it had none.
    case clientClosed(code: CloseCode?)
    /// The provider sent a Close frame, with this code unless it had none.
    case upstreamClosed(code: CloseCode?)
    /// The client gave up before its session was open upstream.
    case abandoned
    /// A leg's connection ended without a Close frame.
    case lost(Leg)
    /// A leg did not answer a ping.
    case silent(Leg)
    /// A leg had something to read and did not read it.
    case stalled(Leg)
    /// A leg broke a rule of RFC 6455.
    case violated(Leg, WebSocketError)
    /// Refused, before or after the 101.
    case refused(RefusalName)
    /// No data frame either way for too long.
    case idle
    /// The session reached its longest duration.
    case tooOld
    /// What its tenant may use is used up.
    case quotaReached(Limit)
    /// A new policy, or a credential that is not accepted any more, does not allow the session; why.
    case withdrawn(Refusal)
    /// The relay restarts.
    case drained
    /// An operator ended it.
    case dismissed

    /// The ending's name, without its details.
    package var name: String {
        switch self {
        case .clientClosed: "client-closed"
        case .upstreamClosed: "upstream-closed"
        case .abandoned: "abandoned"
        case .lost(let leg): leg == .client ? "client-lost" : "upstream-lost"
        case .silent(let leg): leg == .client ? "client-silent" : "upstream-silent"
        case .stalled(let leg): leg == .client ? "client-stalled" : "upstream-stalled"
        case .violated(let leg, _): leg == .client ? "client-violation" : "upstream-violation"
        case .refused(let name): name.rawValue
        case .idle: "idle"
        case .tooOld: "session-time-over"
        case .quotaReached: "quota-reached"
        case .withdrawn(let refusal): refusal.name == .unauthenticated ? "credential-revoked" : "policy-changed"
        case .drained: "drained"
        case .dismissed: "admin"
        }
    }
}

/// What a leg is told when the relay ends a session: a close code and a sentence.
package struct Farewell: Equatable, Sendable {
    /// The Close frame's code.
    package let code: CloseCode
    /// Why, for people.
    package let sentence: String
}

extension ClosePayload {
    /// The farewell's code, and as much of its sentence as fits.
    init(_ farewell: Farewell) {
        self.init(code: farewell.code, reason: farewell.sentence)
    }
}

extension Ending {
    /// The code of the Close frame that ended the session, where a peer sent one.
    package var code: CloseCode? {
        switch self {
        case .clientClosed(let code), .upstreamClosed(let code): code
        case .abandoned, .lost, .silent, .stalled, .violated, .refused, .idle, .tooOld, .quotaReached, .withdrawn,
            .drained, .dismissed:
            nil
        }
    }

    /// The limit that ended the session, where one did.
    package var limit: Limit? {
        switch self {
        case .tooOld: .sessionTime
        case .quotaReached(let limit): limit
        default: nil
        }
    }

    /// What the client is told. Nil when it is gone, has closed by itself, or hears the provider's own words.
    /// Codes are those of PRODUCT.md, "Refusals"; 1014 is a gateway's word for a bad upstream (IANA registry).
    package var clientFarewell: Farewell? {
        switch self {
        case .clientClosed, .upstreamClosed, .abandoned, .lost(.client), .silent(.client), .refused: nil
        case .lost(.upstream):
            Farewell(code: .badGateway, sentence: "The connection to the speech provider was lost.")
        case .silent(.upstream):
            Farewell(code: .badGateway, sentence: "The speech provider stopped answering.")
        case .stalled(.upstream):
            Farewell(code: .badGateway, sentence: "The speech provider stopped taking audio.")
        case .stalled(.client):
            Farewell(code: CloseCode(rawValue: 4413), sentence: "The client reads too slowly.")
        case .violated(.client, let error):
            Farewell(code: error.closeCode, sentence: error.sentence)
        case .violated(.upstream, _):
            Farewell(code: .badGateway, sentence: "The speech provider broke the WebSocket protocol.")
        case .idle: Farewell(code: CloseCode(rawValue: 4408), sentence: "The session carried no data for too long.")
        case .tooOld:
            // The provider's own code and words: its SDKs know them.
            Farewell(code: CloseCode(rawValue: 3008), sentence: "Session Expired: Maximum session duration exceeded")
        case .quotaReached(let limit):
            Farewell(code: CloseCode(rawValue: RefusalName.limit.closeCode), sentence: Ending.sentence(of: limit))
        case .withdrawn(let refusal):
            // Whatever rule it is that policy changed about, there is one code for it, and one for credentials.
            Farewell(
                code: CloseCode(rawValue: refusal.name == .unauthenticated ? 4401 : 4403), sentence: refusal.sentence)
        case .drained: Farewell(code: .serviceRestart, sentence: "The relay restarts. Connect again.")
        case .dismissed: Farewell(code: .goingAway, sentence: "The relay's operator ended the session.")
        }
    }

    /// The Close the upstream gets once it is finished: the client's own, where the client sent one.
    package var upstreamCloseCode: CloseCode {
        switch self {
        case .clientClosed(let code): code ?? .normal
        case .violated(.upstream, let error): error.closeCode
        case .upstreamClosed, .abandoned, .lost, .silent, .stalled, .violated(.client, _), .refused, .idle, .tooOld,
            .quotaReached, .withdrawn, .drained, .dismissed:
            .goingAway
        }
    }

    private static func sentence(of limit: Limit) -> String {
        switch limit {
        case .audioHours: "The audio that may be sent today is used up. The next day begins at 00:00 UTC."
        case .sharedState:
            "The relay cannot reach what it shares with others, which counts this session. Connect again."
        default: "A limit is reached: \(limit.rawValue)."
        }
    }
}
