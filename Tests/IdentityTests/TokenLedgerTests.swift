import Identity
import Policy
import Synchronization
import Testing

@Suite struct TokenLedgerTests {
    private let token = OneTime(id: [1], issued: 0, expires: 100)

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

    @Test func anAttemptThatIsGivenUpLeavesTheTokenForAnother() {
        let ledger = Book()
        #expect(ledger.attempt(token, by: "a", at: 0) {})
        ledger.giveUp(token, by: "a")
        #expect(ledger.objection(to: token) == nil)
        #expect(ledger.attempt(token, by: "b", at: 0) {})
        #expect(ledger.spend(token, by: "b"))
        #expect(ledger.objection(to: token) == .spent)
    }

    /// As many as the most persistent of clients makes.
    @Test(arguments: [false, true]) func aTokenMayBeTriedSoOftenAndNoMore(isGivenUp: Bool) {
        let ledger = Book()
        for attempt in 1...TokenLedger.maxAttempts {
            #expect(ledger.objection(to: token) == nil)
            #expect(ledger.attempt(token, by: "\(attempt)", at: 0) {})
            if isGivenUp { ledger.giveUp(token, by: "\(attempt)") }
        }
        #expect(ledger.objection(to: token) == .exhausted)
        #expect(ledger.objection(to: OneTime(id: [2], issued: 0, expires: 100)) == nil)
        guard !isGivenUp else { return }
        // The last of them may still begin.
        #expect(ledger.spend(token, by: "\(TokenLedger.maxAttempts)"))
        #expect(ledger.objection(to: token) == .spent)
    }

    /// Nobody remembers whether it has been used.
    @Test(arguments: [
        (issued: 99_999, at: 100.0, uptime: 0.0015, isRefused: false), (99_998, 100, 0.0015, true),
        (0, 100, 99.999, true), (0, 100, 100, false), (0, 100, 3600, false),
        // The minter's clock is ahead, or this one was set back.
        (200_000, 100, 0, false),
    ]) func aTokenFromBeforeIsRefused(issued: Int, at now: Double, uptime: Double, isRefused: Bool) {
        let token = OneTime(id: [1], issued: issued, expires: 1000)
        let objection = TokenLedger().objection(to: token, at: now, uptime: .seconds(uptime))
        #expect(objection == (isRefused ? .unremembered : nil))
    }

    @Test func tokensDoNotTouchEachOther() {
        let ledger = Book()
        let other = OneTime(id: [2], issued: 0, expires: 100)
        #expect(ledger.attempt(token, by: "a", at: 0) {} && ledger.attempt(other, by: "b", at: 0) {})
        #expect(ledger.spend(token, by: "a") && ledger.spend(other, by: "b"))
    }

    @Test func whatCannotBeShownAgainIsForgotten() {
        let ledger = Book()
        for number in 0..<100_000 {
            let token = OneTime(id: withUnsafeBytes(of: number) { Array($0) }, issued: 0, expires: number + 10)
            #expect(ledger.attempt(token, by: "a", at: Double(number)) {})
            if number.isMultiple(of: 2) {
                #expect(ledger.spend(token, by: "a"))
            } else {
                ledger.giveUp(token, by: "a")
            }
            #expect(ledger.count <= 2 * (TokenLedger.clockLeap + 12))
        }
    }

    @Test func aClockThatLeapsAndComesBackMakesNoTokenGoodTwice() {
        let ledger = Book()
        #expect(ledger.attempt(token, by: "a", at: 50) {} && ledger.spend(token, by: "a"))
        // Enough others for the ledger to look which it can forget.
        for number in 2..<5_000 {
            let other = OneTime(id: withUnsafeBytes(of: number) { Array($0) }, issued: 0, expires: 100)
            #expect(ledger.attempt(other, by: "b", at: 50 + Double(TokenLedger.clockLeap)) {})
        }
        #expect(!ledger.attempt(token, by: "c", at: 51) {})
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

    func objection(to token: OneTime) -> IdentityOutcome? { ledger.objection(to: token, at: 0, uptime: .seconds(1)) }

    func spend(_ token: OneTime, by session: String) -> Bool { ledger.spend(token, by: session) }

    func giveUp(_ token: OneTime, by session: String) { ledger.giveUp(token, by: session) }

    var count: Int { ledger.count }
}

private final class Told: Sendable {
    let count = Atomic(0)
}
