import RelayCore
import Testing

@Suite struct DrainPlanTests {
    @Test(arguments: [
        (300, 21, 150, 279, 300), (3600, 21, 1800, 3579, 3600), (168, 21, 84, 147, 168), (80, 21, 40, 70, 91),
        (0, 21, 0, 0, 21), (8, 0, 4, 8, 8),
    ])
    func sessionsHaveHalfTheTimeAndAllIsOverByItsEndWhereItIsLongEnough(
        patience: Int, ending: Int, firstCall: Int, lastCall: Int, end: Int
    ) {
        let plan = DrainPlan(.seconds(patience), ending: .seconds(ending))
        #expect(plan.firstCall == .seconds(firstCall))
        #expect(plan.lastCall == .seconds(lastCall))
        #expect(plan.end == .seconds(end))
    }

    @Test func everySessionIsToldInItsOwnShareOfTheTime() {
        let plan = DrainPlan(.seconds(300), ending: .seconds(21))
        for count in [1, 2, 7, 5000] {
            let share = (plan.lastCall - plan.firstCall) / count
            for place in 0..<count {
                for chance in [0, 0.5, 0.999] {
                    let call = plan.call(of: place, among: count, chance: chance)
                    let start = plan.firstCall + share * place
                    #expect(call >= start - .milliseconds(1) && call <= start + share + .milliseconds(1))
                }
            }
        }
    }

    @Test func withoutTimeEverybodyIsToldAtOnce() {
        let plan = DrainPlan(.zero, ending: .seconds(21))
        for place in 0..<3 { #expect(plan.call(of: place, among: 3, chance: 0.5) == .zero) }
        #expect(plan.call(of: 0, among: 0, chance: 0) == .zero)
    }
}
