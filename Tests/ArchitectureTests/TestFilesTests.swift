import Testing

@Suite struct TestFilesTests {
    @Test(arguments: Arrows.libraries.keys.sorted())
    func everySourceFileHasATestFileOfItsName(target: String) throws {
        let tests = Set(try SourceTree.files(under: "Tests/\(target)Tests").map(\.name))
        for file in try SourceTree.files(under: "Sources/" + target) where testedElsewhere[file.path] == nil {
            #expect(tests.contains(file.name + "Tests"), "\(file.path) has no \(file.name)Tests.swift")
        }
    }

    @Test func everyExceptionIsStillNeeded() throws {
        let files = Dictionary(grouping: try SourceTree.files(under: "Sources"), by: \.path)
        for path in testedElsewhere.keys {
            #expect(files[path] != nil, "\(path) is gone")
        }
    }
}

/// Source files without a test file of their own, and the reason.
private let testedElsewhere: [String: String] = [:]
