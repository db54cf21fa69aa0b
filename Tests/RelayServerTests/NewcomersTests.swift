import Testing

@testable import RelayServer

@Suite struct NewcomersTests {
    @Test func oneMoreThanThereIsRoomForDisplacesTheOldest() {
        var newcomers = Newcomers(most: 3)
        let all = (0..<6).map(Someone.init)
        var displaced: [Int] = []
        for someone in all { displaced += [name(newcomers.add(someone).displaced)].compactMap(\.self) }
        #expect(displaced == [0, 1, 2] && newcomers.count == 3)
    }

    @Test func whoeverIsDoneLeavesRoom() {
        var newcomers = Newcomers(most: 3)
        let numbers = (0..<3).map { newcomers.add(Someone($0)).number }
        newcomers.remove(numbers[0])
        #expect(newcomers.add(Someone(3)).displaced == nil)
        newcomers.remove(numbers[0])
        #expect(newcomers.count == 3)
        #expect(name(newcomers.add(Someone(4)).displaced) == 1)
        for number in numbers { newcomers.remove(number) }
        #expect(newcomers.count == 2 && !newcomers.isEmpty)
    }

    private func name(_ newcomer: (any Newcomer)?) -> Int? {
        (newcomer as? Someone)?.name
    }

    private final class Someone: Newcomer {
        let name: Int
        init(_ name: Int) { self.name = name }
        func giveWay() {}
    }
}
