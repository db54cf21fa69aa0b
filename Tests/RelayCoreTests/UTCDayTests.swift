import RelayCore
import Testing

@Suite struct UTCDayTests {
    @Test(
        arguments: [
            (0, 0), (86_399.999, 0), (86_400, 1), (1_790_000_000, 20_717), (-1, 0), (.infinity, 0), (.nan, 0),
            (1e300, 0),
        ] as [(Double, Int)])
    func aMomentHasItsDay(unixSeconds: Double, number: Int) {
        #expect(UTCDay(at: unixSeconds) == UTCDay(number: number))
    }

    @Test(
        arguments: [(86_400, 86_400), (86_401, 86_399), (172_799.5, 1), (172_800, 1), (0, 86_400)] as [(Double, Int)])
    func theRestOfADayIsWhatIsLeftOfIt(unixSeconds: Double, seconds: Int) {
        #expect(UTCDay(number: 1).rest(after: unixSeconds) == .seconds(seconds))
    }

    @Test func daysFollowOneAnother() {
        #expect(UTCDay(number: 1) < UTCDay(number: 2))
    }
}
