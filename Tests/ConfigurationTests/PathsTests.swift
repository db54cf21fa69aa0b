import Testing

@testable import Configuration

@Suite struct PathsTests {
    @Test(arguments: [
        ("a", "dir/t.yaml", "dir/a"), ("a/b", "/etc/t.yaml", "/etc/a/b"), ("/a", "dir/t.yaml", "/a"),
        ("a", "t.yaml", "a"),
        ("../a", "dir/t.yaml", "dir/../a"),
    ])
    func aPathIsRelativeToTheFileThatNamesIt(path: String, file: String, resolved: String) {
        #expect(Paths.resolve(path, beside: file) == resolved)
    }

    @Test func aPatternNamesFilesInOrder() throws {
        let directory = try Directory()
        for name in ["b.yaml", "a.yaml", "c.txt", ".hidden.yaml"] { try directory.write(name, "") }
        #expect(Paths.glob(directory.path + "/*.yaml") == ["a.yaml", "b.yaml"].map { directory.path + "/" + $0 })
        #expect(Paths.glob(directory.path + "/c.txt") == [directory.path + "/c.txt"])
        #expect(Paths.glob(directory.path + "/none*") == [])
    }

    @Test func aPatternIsWatchedWhereverANewNameWouldMatch() throws {
        let directory = try Directory()
        for name in ["a/p/x.yaml", "b/p/y.yaml"] { try directory.write(name, "") }
        func watched(_ pattern: String) -> [String] {
            Paths.watched(by: directory.path + "/" + pattern).map { $0.replacing(directory.path, with: "") }
        }
        #expect(watched("a/p/*.yaml") == ["/a/p", "/a/p/x.yaml"])
        #expect(watched("*/p/*.yaml") == ["", "/a/p", "/b/p", "/a/p/x.yaml", "/b/p/y.yaml"])
        #expect(watched("none/*.yaml") == ["/none"])
        #expect(watched("a/p/later.yaml") == ["/a/p/later.yaml"])
        #expect(Paths.watched(by: "none*.yaml") == ["."])
    }
}
