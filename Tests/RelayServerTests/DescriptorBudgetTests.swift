import Testing

@testable import RelayServer

@Suite struct DescriptorBudgetTests {
    @Test(arguments: [(1_100, 500), (100, 37), (18_100, 9_000), (2, 1), (0, 0)] as [(UInt64, Int)])
    func everyClientCanBecomeASessionAndSomeAreLeftOver(limit: UInt64, places: Int) {
        let budget = DescriptorBudget { limit }
        var entered = 0
        while budget.hasRoom {
            budget.enter()
            entered += 1
        }
        #expect(entered == places)
        for _ in 0..<entered { budget.leave() }
        #expect(budget.hasRoom == (places > 0))
    }
}
