import Testing

@testable import Configuration

@Suite struct FaultsTests {
    @Test func faultsAreToldInTheOrderOfTheirPlaces() {
        var faults = Faults()
        faults.warning(Place(file: "b", line: 1, column: 2), "fourth")
        faults.error(Place(file: "b", line: 1, column: 1), "second")
        faults.note(Place(file: "b", line: 1, column: 1), "third")
        faults.error(Place(file: "a", line: 9, column: 9), "first")
        #expect(
            faults.all.map(\.description) == [
                "a:9:9: error: first", "b:1:1: error: second", "b:1:1: note: third", "b:1:2: warning: fourth",
            ])
        #expect(faults.hasErrors)
        #expect(faults.errors.count == 2)
        #expect(faults.warnings.count == 1)
        #expect(faults.notes.count == 1)
    }

    @Test func nothingAFileHoldsCanMoveATerminal() {
        var faults = Faults()
        faults.error(Place(file: "a"), "a\u{1b}[31m\r\n\u{202e}é")
        #expect(faults.all.map(\.message) == ["a?[31m???é"])
    }

    @Test func warningsAndNotesRefuseNothing() {
        var faults = Faults()
        faults.warning(Place(file: "a"), "w")
        faults.note(Place(file: "a"), "n")
        #expect(!faults.hasErrors)
    }
}
