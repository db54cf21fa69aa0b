import Testing

@testable import Reactor

@Suite struct FileIdentityTests {
    @Test func aFileIsItselfUntilItIsWrittenOrReplaced() throws {
        let directory = try TemporaryDirectory()
        try directory.write("a", "one")
        let first = FileIdentity(of: directory("a"))
        #expect(first != nil)
        #expect(FileIdentity(of: directory("a")) == first)
        try directory.write("a", "other")
        #expect(FileIdentity(of: directory("a")) != first)
        try directory.write("b", "one")
        try directory.link("link", to: "b")
        #expect(FileIdentity(of: directory("link")) == FileIdentity(of: directory("b")))
        #expect(FileIdentity(of: directory("b")) != first)
    }

    @Test func whatIsNotThereHasNone() {
        #expect(FileIdentity(of: "/nowhere/at/all") == nil)
    }
}
