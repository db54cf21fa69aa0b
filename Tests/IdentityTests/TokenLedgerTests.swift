import Identity
import Synchronization
import Testing

@Suite struct TokenLedgerTests {
    private let token = OneTime(id: [1], expires: 100)

    @Test func oneSessionSpendsAToken() {
        let ledger = Book()
        #expect(ledger.attempt(token, by: "a", at: 0) {})
        #expect(ledger.spend(token, by: "a"))
        #expect(!ledger.spend(token, by: "a"))
        #expect(!ledger.attempt(token, by: "b", at: 0) {})
        ledger.giveUp(token, by: "a")
        #expect(!ledger.attempt(token, by: "b", at: 0) {}, "the end of a session that began gives nothing back")
    }

    @Test func aNewerAttemptTakesTheOldersPlaceAndTellsIt() {
        let ledger = Book()
        let told = Told()
        #expect(ledger.attempt(token, by: "a", at: 0) { told.count.add(1, ordering: .relaxed) })
        #expect(ledger.attempt(token, by: "b", at: 0) {})
        #expect(told.count.load(ordering: .relaxed) == 1)
        #expect(!ledger.spend(token, by: "a"))
        ledger.giveUp(token, by: "a")
        #expect(ledger.spend(token, by: "b"))
    }

    @Test func anAttemptThatIsGivenUpLeavesTheTokenAsItWas() {
        let ledger = Book()
        #expect(ledger.attempt(token, by: "a", at: 0) {})
        ledger.giveUp(token, by: "a")
        #expect(ledger.count == 0)
        #expect(ledger.attempt(token, by: "b", at: 0) {})
        #expect(ledger.spend(token, by: "b"))
    }

    @Test func tokensDoNotTouchEachOther() {
        let ledger = Book()
        let other = OneTime(id: [2], expires: 100)
        #expect(ledger.attempt(token, by: "a", at: 0) {} && ledger.attempt(other, by: "b", at: 0) {})
        #expect(ledger.spend(token, by: "a") && ledger.spend(other, by: "b"))
    }

    @Test func whatCannotBeShownAgainIsForgotten() {
        let ledger = Book()
        for number in 0..<100_000 {
            let token = OneTime(id: withUnsafeBytes(of: number) { Array($0) }, expires: number + 10)
            #expect(ledger.attempt(token, by: "a", at: Double(number)) {})
            #expect(ledger.spend(token, by: "a"))
            #expect(ledger.count <= 2048)
        }
    }
}

/// A ledger that expectations can change.
private final class Book {
    private var ledger = TokenLedger()

    func attempt(
        _ token: OneTime, by session: String, at time: Double, _ notice: @escaping TokenLedger.Notice
    ) -> Bool {
        ledger.attempt(token, by: session, at: time, notice)
    }

    func spend(_ token: OneTime, by session: String) -> Bool { ledger.spend(token, by: session) }

    func giveUp(_ token: OneTime, by session: String) { ledger.giveUp(token, by: session) }

    var count: Int { ledger.count }
}

private final class Told: Sendable {
    let count = Atomic(0)
}
