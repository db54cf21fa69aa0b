import Testing

@testable import Reactor

@Suite struct SlotTableTests {
    @Test func aKeyFindsItsValueUntilItIsRemoved() {
        var table = SlotTable<String>()
        let key = table.insert("a")
        #expect(table[key] == "a")
        #expect(table.remove(key) == "a")
        #expect(table[key] == nil)
        #expect(table.remove(key) == nil)
    }

    @Test func aStaleKeyDoesNotFindTheNextOwnerOfItsSlot() {
        var table = SlotTable<String>()
        let old = table.insert("old")
        _ = table.remove(old)
        let new = table.insert("new")
        #expect(new.index == old.index)
        #expect(table[old] == nil)
        table.update(old) { $0 = "overwritten" }
        #expect(table.remove(old) == nil)
        #expect(table[new] == "new")
    }

    @Test func aKeyOfAnotherTableIsHarmless() {
        var table = SlotTable<String>()
        let foreign = SlotKey(index: 7, generation: 0)
        #expect(table[foreign] == nil)
        #expect(table.remove(foreign) == nil)
    }

    @Test func updatingChangesTheValueInPlace() {
        var table = SlotTable<[Int]>()
        let key = table.insert([1])
        table.update(key) { $0.append(2) }
        #expect(table[key] == [1, 2])
    }

    @Test func freedSlotsAreUsedAgain() {
        var table = SlotTable<Int>()
        for round in 0..<1_000 {
            let keys = (0..<10).map { table.insert($0 + round) }
            #expect(keys.allSatisfy { $0.index < 10 })
            for key in keys { _ = table.remove(key) }
        }
        #expect(table.count == 0)
    }
}
