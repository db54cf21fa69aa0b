import HTTP
import Reactor
import Timing
import WebSocket

/// Streams speech over a client as the provider's own clients do, and gathers what comes back.
package struct SpeechClient: Sendable {
    /// What a session brought.
    package struct Outcome: Equatable, Sendable {
        /// Whether there was a 101.
        package var isOpen = false
        /// The answer, when it was another.
        package var refusal: ResponseHead?
        /// The body of that answer.
        package var refusalBody: [UInt8] = []
        /// The `Begin` message.
        package var begin: JSONValue?
        /// Final turns, in order.
        package var finals: [JSONValue] = []
        /// How many turns were told before they ended.
        package var partialCount = 0
        /// The `Termination` message.
        package var termination: JSONValue?
        /// The `Error` message.
        package var error: JSONValue?
        /// The server's close frame.
        package var close: ClosePayload?
        /// How the connection ended, in the words of `ClientEvent.ended`; nil when it had not when patience was over.
        package var end: String?

        /// Nothing yet.
        package init() {}

        /// The final turns' transcripts, in order.
        package var transcripts: [String] { finals.compactMap { $0["transcript"]?.string } }
    }

    /// `pcm_s16le`, mono.
    package var pcm: [UInt8]
    /// In hertz.
    package var sampleRate = 16_000
    /// Milliseconds of audio in a message; official clients send 50.
    package var chunkLength = 50
    /// Whether audio is sent as fast as it is spoken, or as fast as it goes.
    package var isPaced = true
    /// How long to wait for the 101, and again for the end after `Terminate`.
    package var patience = Duration.seconds(10)

    /// A client that speaks `pcm`.
    package init(_ pcm: [UInt8] = DemoAudio.pcmBytes) {
        self.pcm = pcm
    }

    /// Streams everything, terminates, and returns when the connection is over or patience is. Blocks the calling thread.
    package func stream(over client: StandInClient) -> Outcome {
        var outcome = Outcome()
        gather(&outcome, from: client, until: MonotonicClock.now() + patience) { $0.isOpen }
        guard outcome.isOpen, outcome.end == nil else { return outcome }
        speak(over: client, &outcome)
        client.send(text: #"{"type":"Terminate"}"#)
        gather(&outcome, from: client, until: MonotonicClock.now() + patience) { _ in false }
        return outcome
    }

    private func speak(over client: StandInClient, _ outcome: inout Outcome) {
        let chunkBytes = max(2, sampleRate * 2 * chunkLength / 1000)
        var due = MonotonicClock.now()
        for start in stride(from: 0, to: pcm.count, by: chunkBytes) where outcome.end == nil {
            client.send(binary: Array(pcm[start..<min(start + chunkBytes, pcm.count)]))
            guard isPaced else { continue }
            due = due + .milliseconds(chunkLength)
            gather(&outcome, from: client, until: due) { _ in false }
        }
    }

    /// Takes in events until `isEnough`, the end of the connection, or the deadline.
    private func gather(
        _ outcome: inout Outcome, from client: StandInClient, until deadline: Instant,
        _ isEnough: (Outcome) -> Bool
    ) {
        while outcome.end == nil, !isEnough(outcome) {
            let left = deadline.duration(since: MonotonicClock.now())
            guard left > .zero, let event = client.next(within: left) else { return }
            outcome.take(event)
        }
    }
}

extension SpeechClient.Outcome {
    fileprivate mutating func take(_ event: ClientEvent) {
        switch event {
        case .opened: isOpen = true
        case .answered(let head, let body):
            refusal = head
            refusalBody = body
        case .text(let text): take(text)
        case .close(let payload): close = payload
        case .ended(let end): self.end = end
        case .badHandshake, .binary, .ping, .pong, .violation: break
        }
    }

    private mutating func take(_ text: String) {
        guard let message = try? JSONValue(parsing: text) else { return }
        switch message["type"]?.string {
        case "Begin": begin = message
        case "Turn":
            if message["end_of_turn"] == true { finals.append(message) } else { partialCount += 1 }
        case "Termination": termination = message
        case "Error": error = message
        default: break
        }
    }
}
