import Testing

/// How a story's clients reach the relay. All of them speak HTTP/1.1; over HTTP/2 a bridge makes a stream of each of their
/// connections, so that a story is written once.
enum Carrier: CaseIterable, Sendable {
    case http1
    case http2

    /// That of the story being told; nil where it does not matter.
    @TaskLocal static var current: Carrier?
}

/// Tells each story once over every carrier named. On a suite it stands for all its stories; on a story it leaves out the
/// carriers that it does not name.
struct OverHTTP: SuiteTrait, TestTrait, TestScoping {
    let carriers: [Carrier]

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing story: @Sendable () async throws -> Void
    ) async throws {
        if let current = Carrier.current {
            if carriers.contains(current) { try await story() }
            return
        }
        for carrier in carriers {
            try await Carrier.$current.withValue(carrier) { try await story() }
        }
    }
}

extension Trait where Self == OverHTTP {
    /// Over each version of HTTP.
    static var overEachHTTP: Self { OverHTTP(carriers: Carrier.allCases) }

    /// A story about HTTP/1.1 itself, or about TLS below it.
    static var overHTTP1Alone: Self { OverHTTP(carriers: [.http1]) }
}
