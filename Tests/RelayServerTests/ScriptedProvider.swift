import Fetch
import Identity
import RelayTestKit
import StandIn
import Timing

@testable import RelayServer

/// An identity provider without a network: what it is asked and what it answers, on a clock that a test moves.
final class ScriptedProvider: Sendable {
    struct State: Sendable {
        var answers: [String: Answer] = [:]
        var requests: [String] = []
        /// Requests to these wait for their answers.
        var held: Set<String> = []
        /// So many of the first requests do not, or no more.
        var released = 0
        var now = Instant(nanoseconds: 1_000_000_000_000)
    }

    struct Answer: Sendable {
        var status = 200
        var fields: [(name: String, value: String)] = []
        var body: [UInt8]
    }

    let state = Monitor(State())
    let log = RelayLog()

    var tools: KeySetTools {
        let state = state
        var tools = KeySetTools(log: log.log)
        tools.fetch = { request in
            let number = state.update { state in
                state.requests.append(request.url)
                return state.requests.count
            }
            return state.wait(upTo: RelayHarbour.patience) { state in
                guard number <= state.released || !state.held.contains(request.url) else { return nil }
                guard let answer = state.answers[request.url] else {
                    return .failure(FetchError(.notConnected, "nobody there"))
                }
                return .success(FetchResponse(answer))
            } ?? .failure(FetchError(.tooLate, "held for too long"))
        }
        tools.now = { state.snapshot.now }
        tools.jitter = { 1 }
        return tools
    }

    /// Publishes these keys at `url` from now on.
    func publish(_ signers: [String: TokenSigner], at url: String, _ fields: [(name: String, value: String)] = []) {
        let keys = signers.map { $1.jwk(id: $0) }.joined(separator: ",")
        state.update { $0.answers[url] = Answer(fields: fields, body: TokenSigner.keySet(keys)) }
    }

    /// Publishes a document at `url` from now on.
    func publish(_ text: String, at url: String, status: Int = 200) {
        state.update { $0.answers[url] = Answer(status: status, body: Array(text.utf8)) }
    }

    func leave() {
        state.update { $0.answers = [:] }
    }

    /// Answers what is held now, and nothing that comes after it.
    func release() {
        state.update { $0.released = $0.requests.count }
    }

    func pass(_ time: Duration) {
        state.update { $0.now = $0.now + time }
    }

    var requests: [String] { state.snapshot.requests }

    /// Waits until so many requests have come.
    func hasBeenAsked(times: Int) -> Bool {
        state.wait(upTo: RelayHarbour.patience) { $0.requests.count >= times ? true : nil } ?? false
    }
}

extension FetchResponse {
    fileprivate init(_ answer: ScriptedProvider.Answer) {
        let timings = FetchTimings(
            nameLookup: .zero, connected: .zero, secured: .zero, firstByte: .zero, total: .zero)
        self.init(
            status: answer.status, fields: answer.fields, body: answer.body, timings: timings, address: "127.0.0.1")
    }
}
