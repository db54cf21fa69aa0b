import Testing

@Suite struct ReadmeTests {
    @Test func theReadmeNamesEveryTarget() throws {
        let readme = try SourceTree.text(of: "README.md")
        for target in Arrows.all.keys.sorted() {
            #expect(readme.contains("`\(target)`") || readme.contains("Sources/\(target)"), "no word of \(target)")
        }
    }
}
