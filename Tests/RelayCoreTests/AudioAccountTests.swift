import Testing

@testable import RelayCore

@Suite struct AudioAccountTests {
    private let today = UTCDay(number: 100)
    private let tomorrow = UTCDay(number: 101)

    @Test func asARuleASessionDrawsTenSeconds() {
        var account = AudioAccount()
        #expect(account.draw(of: .seconds(3600), among: 3, on: today) == .seconds(10))
        #expect(account.left(of: .seconds(3600), on: today) == .seconds(3590))
    }

    @Test func nearTheBoundSlicesBecomeSmallAndTheLastIsWhatIsLeft() {
        var account = AudioAccount()
        var slices: [Duration] = []
        while let slice = account.draw(of: .seconds(4), among: 1, on: today) { slices.append(slice) }
        #expect(slices == [2000, 1000, 500, 250, 250].map { .milliseconds($0) })
        #expect(account.draw(of: .seconds(4), among: 1, on: today) == nil)
    }

    @Test func whoeverAsksFirstLeavesTheOthersTheirShare() {
        var account = AudioAccount()
        #expect(account.draw(of: .seconds(40), among: 4, on: today) == .seconds(5))
        #expect(account.draw(of: .seconds(40), among: 0, on: today) == .seconds(10))
    }

    @Test func aBoundThatWasLoweredBelowWhatIsUsedAdmitsNothing() {
        var account = AudioAccount()
        _ = account.draw(of: .seconds(3600), among: 1, on: today)
        #expect(account.left(of: .seconds(5), on: today) == .zero)
        #expect(account.draw(of: .seconds(5), among: 1, on: today) == nil)
        #expect(account.draw(of: .seconds(11), among: 1, on: today) == .milliseconds(500))
    }

    @Test func whatASessionDidNotUseComesBackAndWhatItUsedBeyondIsCounted() {
        var account = AudioAccount()
        for _ in 1...2 { _ = account.draw(of: .seconds(100), among: 1, on: today) }
        account.settle(drawn: .seconds(10), used: .seconds(4), on: today)
        #expect(account.spent == .seconds(14))
        account.settle(drawn: .seconds(10), used: .milliseconds(10_100), on: today)
        #expect(account.spent == .milliseconds(14_100))
        account.settle(drawn: .seconds(1000), used: .zero, on: today)
        #expect(account.spent == .zero)
    }

    @Test func aDayBeginsWithNothingUsed() {
        var account = AudioAccount()
        while account.draw(of: .seconds(20), among: 1, on: today) != nil {}
        #expect(account.draw(of: .seconds(20), among: 1, on: tomorrow) == .seconds(10))
        // What was drawn yesterday is yesterday's.
        account.settle(drawn: .seconds(10), used: .zero, on: today)
        #expect(account.spent == .seconds(10))
    }

    @Test func aClockThatIsSetBackGivesNoDayAgain() {
        var account = AudioAccount()
        while account.draw(of: .seconds(20), among: 1, on: tomorrow) != nil {}
        #expect(account.draw(of: .seconds(20), among: 1, on: today) == nil)
    }

    // MARK: A share

    @Test func whatIsHeldIsNotSpent() {
        var account = AudioAccount()
        account.take(.seconds(30), on: today)
        #expect(account.draw(of: account.share, among: 1, on: account.day) == .seconds(10))
        let told = account.hold()
        #expect(told.spent == .seconds(10) && told.day == today)
        #expect(account.draw(of: account.share, among: 1, on: account.day) == nil)
        account.take(.seconds(15), on: today)
        #expect(account.draw(of: account.share, among: 1, on: account.day) == .milliseconds(2500))
    }

    @Test func aShareOfTheNextDayBeginsWithNothingUsed() {
        var account = AudioAccount()
        account.take(.seconds(10), on: today)
        _ = account.draw(of: account.share, among: 1, on: account.day)
        account.take(.seconds(10), on: tomorrow)
        #expect(account.spent == .zero && account.day == tomorrow)
        // A server whose clock is behind is believed all the same, for there is no other.
        account.take(.seconds(7), on: today)
        #expect(account.share == .seconds(7) && account.day == tomorrow)
    }

    /// However many sessions draw, use and settle: what was used and what is still drawn never exceeds the bound by more than
    /// each session's last piece, and in the end all of it has been used.
    @Test(arguments: 0..<40 as Range<UInt64>) func theBoundIsReachedAndNotExceeded(seed: UInt64) {
        var chance = Seeded(state: seed)
        let bound = Duration.milliseconds(Int.random(in: 1000...60_000, using: &chance))
        let chunk = Duration.milliseconds(100)
        var account = AudioAccount()
        var sessions = Array(repeating: (drawn: Duration.zero, used: Duration.zero, isOver: false), count: 5)
        while let index = sessions.indices.filter({ !sessions[$0].isOver }).randomElement(using: &chance) {
            if sessions[index].used >= sessions[index].drawn {
                if let slice = account.draw(of: bound, among: sessions.count, on: today) {
                    sessions[index].drawn += slice
                } else {
                    account.settle(drawn: sessions[index].drawn, used: sessions[index].used, on: today)
                    sessions[index].isOver = true
                    continue
                }
            }
            sessions[index].used += chunk
        }
        let used = sessions.map(\.used).reduce(.zero, +)
        #expect(account.spent == used)
        #expect(used >= bound && used < bound + chunk * sessions.count, "seed \(seed)")
    }
}
