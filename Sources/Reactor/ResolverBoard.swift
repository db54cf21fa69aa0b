import Timing

/// What a resolver's threads share: who asks for what, which names wait for a thread, and answers still fresh.
struct ResolverBoard: Sendable {
    /// getaddrinfo does not tell how long a record lives. Ten seconds spare the name server a burst of reconnecting
    /// clients, and are well below the minute that load balancers commonly give their records.
    static let freshness = Duration.seconds(10)
    /// A failure is kept just long enough that a burst of sessions asks once.
    static let failureFreshness = Duration.seconds(1)
    /// Names whose answers are kept; what is looked up comes from the configuration and is few.
    static let maxAnswers = 1024

    /// What became of a question.
    enum Reception {
        case answered(Resolver.Answer)
        /// It will be answered when its name is.
        case waiting
        /// As `waiting`, and the caller has to start a thread for its name.
        case wantsThread
        case refused
    }

    private struct Kept {
        let answer: Resolver.Answer
        let given: Instant
        let expiry: Instant
    }

    private let maxThreads: Int
    private var threads = 0
    /// Who waits for a name that is queued or being looked up.
    private var questions: [String: [Question]] = [:]
    private var openQuestions = 0
    private var queue: [String] = []
    private var answers: [String: Kept] = [:]

    init(maxThreads: Int) {
        self.maxThreads = maxThreads
    }

    mutating func ask(_ name: String, _ question: Question, now: Instant, notBefore: Instant? = nil) -> Reception {
        if let kept = answers[name], now < kept.expiry, kept.given >= notBefore ?? kept.given {
            return .answered(kept.answer)
        }
        guard openQuestions < Resolver.maxQuestions else { return .refused }
        let isAsked = questions[name] != nil
        guard isAsked || threads < maxThreads || queue.count < Resolver.maxQueuedNames else { return .refused }
        questions[name, default: []].append(question)
        openQuestions += 1
        if isAsked { return .waiting }
        if threads < maxThreads {
            threads += 1
            return .wantsThread
        }
        queue.append(name)
        return .waiting
    }

    /// Keeps the answer and gives the questions that it answers.
    mutating func answer(_ name: String, _ answer: Resolver.Answer, now: Instant) -> [Question] {
        keep(answer, of: name, now: now)
        return takeQuestions(about: name)
    }

    /// The next name for a thread that has done its last. `nil` ends the thread.
    mutating func nextName() -> String? {
        guard !queue.isEmpty else {
            threads -= 1
            return nil
        }
        return queue.removeFirst()
    }

    /// Gives the questions that nobody will answer because the thread for `name` could not be started.
    mutating func threadFailed(with name: String) -> [Question] {
        threads -= 1
        var stranded = takeQuestions(about: name)
        guard threads == 0 else { return stranded }
        for name in queue { stranded += takeQuestions(about: name) }
        queue = []
        return stranded
    }

    private mutating func takeQuestions(about name: String) -> [Question] {
        let taken = questions.removeValue(forKey: name) ?? []
        openQuestions -= taken.count
        return taken
    }

    private mutating func keep(_ answer: Resolver.Answer, of name: String, now: Instant) {
        if answers.count >= Self.maxAnswers { answers = answers.filter { now < $0.value.expiry } }
        guard answers.count < Self.maxAnswers else { return }
        let freshness =
            switch answer {
            case .success: Self.freshness
            case .failure: Self.failureFreshness
            }
        answers[name] = Kept(answer: answer, given: now, expiry: now + freshness)
    }
}

/// One who waits for the addresses of a name.
struct Question: Sendable {
    let port: UInt16
    let completion: Resolver.Completion

    func complete(_ answer: Resolver.Answer) {
        completion(answer.map { addresses in addresses.map { $0.with(port: port) } })
    }
}
