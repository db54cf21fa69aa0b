import Testing

@testable import Configuration

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("sesions", "sessions"), ("listener", "listeners"), ("Zones", "zones"), ("zone", "zones"), ("x", "hosts"),
        ("", "hosts"),
    ])
    func theFewestEditsWin(name: String, nearest: String) {
        #expect(NearestName.of(name, among: ["hosts", "sessions", "listeners", "zones"]) == nearest)
    }

    @Test func amongNothingThereIsNone() {
        #expect(NearestName.of("a", among: []) == nil)
    }

    @Test func editsAreInsertionsDeletionsAndReplacements() {
        #expect(NearestName.edits(from: "kitten", to: "sitting") == 3)
        #expect(NearestName.edits(from: "", to: "abc") == 3)
        #expect(NearestName.edits(from: "abc", to: "ABC") == 0)
    }
}
