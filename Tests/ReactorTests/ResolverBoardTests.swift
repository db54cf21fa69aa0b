import Testing
import Timing

@testable import Reactor

@Suite struct ResolverBoardTests {
    private let now = Instant(nanoseconds: 1)

    @Test func theFirstQuestionsGetThreadsAndTheOthersWaitInOrder() {
        var board = ResolverBoard(maxThreads: 2)
        #expect(
            ["a", "b", "c", "a", "d"].map { ask(&board, $0) } == ["thread", "thread", "waiting", "waiting", "waiting"])
        #expect(board.answer("a", .failure(.notFound), now: now).count == 2)
        #expect(board.nextName() == "c")
        #expect(board.nextName() == "d")
        #expect(board.nextName() == nil)
        #expect(ask(&board, "e") == "thread")
    }

    @Test func whenTheOnlyThreadCannotStartNobodyIsLeftWaiting() {
        var board = ResolverBoard(maxThreads: 1)
        for name in ["a", "a", "b"] { _ = ask(&board, name) }
        #expect(board.threadFailed(with: "a").count == 3)
        #expect(ask(&board, "b") == "thread")
    }

    @Test func whileOtherThreadsRunTheQueueIsTheirs() {
        var board = ResolverBoard(maxThreads: 2)
        for name in ["a", "b", "c"] { _ = ask(&board, name) }
        #expect(board.threadFailed(with: "b").count == 1)
        _ = board.answer("a", .failure(.temporary), now: now)
        #expect(board.nextName() == "c")
    }

    @Test func aKeptAnswerThatIsTooOldForOneIsAskedForAgain() {
        var board = ResolverBoard(maxThreads: 1)
        _ = ask(&board, "a")
        _ = board.answer("a", .success([]), now: now)
        #expect(ask(&board, "a") == "answered")
        #expect(ask(&board, "a", notBefore: now) == "answered")
        #expect(board.nextName() == nil)
        #expect(ask(&board, "a", notBefore: now + .milliseconds(1)) == "thread")
    }

    @Test func openQuestionsAreBounded() {
        var board = ResolverBoard(maxThreads: 1)
        for _ in 0..<Resolver.maxQuestions { #expect(ask(&board, "hung") != "refused") }
        #expect(ask(&board, "hung") == "refused")
        #expect(board.answer("hung", .failure(.temporary), now: now).count == Resolver.maxQuestions)
        #expect(ask(&board, "other") != "refused")
    }

    @Test func answersKeptAreBoundedAndTheOldMakeRoom() {
        var board = ResolverBoard(maxThreads: 1)
        for number in 0...ResolverBoard.maxAnswers { _ = board.answer("\(number)", .failure(.notFound), now: now) }
        #expect(ask(&board, "0") == "answered")
        #expect(ask(&board, "\(ResolverBoard.maxAnswers)") == "thread")

        let later = now + .seconds(2)
        _ = board.answer("fresh", .failure(.notFound), now: later)
        #expect(ask(&board, "fresh", at: later) == "answered")
    }

    private func ask(
        _ board: inout ResolverBoard, _ name: String, at moment: Instant? = nil, notBefore: Instant? = nil
    ) -> String {
        switch board.ask(name, Question(port: 1) { _ in }, now: moment ?? now, notBefore: notBefore) {
        case .answered: "answered"
        case .waiting: "waiting"
        case .wantsThread: "thread"
        case .refused: "refused"
        }
    }
}
