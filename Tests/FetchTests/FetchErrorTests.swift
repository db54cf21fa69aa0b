import Fetch
import Testing

@Suite struct FetchErrorTests {
    @Test func itPrintsItsKindAndWhatHappened() {
        #expect("\(FetchError(.tooLate, "no answer"))" == "tooLate: no answer")
    }

    @Test func aKindSaysWhatWentWrongWithoutTheWords() {
        #expect(failure(of: FetchRequest("http://no-such-name.invalid/")) == .notResolved)
    }
}
