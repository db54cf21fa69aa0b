import Testing

@Suite struct CommentsTests {
    @Test func everySymbolThatLeavesItsTargetSaysWhatItIs() throws {
        for file in try SourceTree.files(under: "Sources") {
            for index in file.lines.indices where file.declares(at: index) {
                let isExplained = file.isDocumented(index) || file.needsNoDocumentation(index)
                #expect(isExplained, "\(file.place(index)) has no doc comment: \(file.lines[index])")
            }
        }
    }

    @Test func whatCanTrapOrEscapeTheCompilerSaysWhy() throws {
        for file in try SourceTree.files(under: "Sources") {
            for index in file.lines.indices where file.isDangerous(at: index) {
                let explained = file.hasComment(index) || file.hasComment(index - 1)
                #expect(explained, "\(file.place(index)) gives no reason: \(file.lines[index])")
            }
        }
    }
}

/// The start of a declaration that other targets can see.
private var declaration: some RegexComponent {
    /^\s*(@\w+(\([^)]*\))? +)*(package|public) +((static|class|final|mutating|consuming|borrowing|indirect|private\(set\)|internal\(set\)|nonisolated) +)*(func|var|let|struct|enum|class|actor|protocol|init|subscript|typealias)\b/
}

private var dangerous: some RegexComponent {
    /\bfatalError\(|\btry!|\bas!|@unchecked Sendable|\bnonisolated\(unsafe\)/
}

/// What a protocol asks for, of the standard library or of the loop: the protocol has said what it means.
private var required: some RegexComponent {
    /func (==|<) ?\(|func hash\(into|var (debugD|d)escription\b|func encode\(to|init\(from decoder|func next\(\)|func makeIterator\(\)|var customMirror\b|func endOfTurn\(\)|func ready\(_ readiness|func fired\(tag|func loopClosed\(\)/
}

extension SourceFile {
    /// A look for plain words first: matching the whole pattern on every line of the tree takes a minute.
    fileprivate func declares(at index: Int) -> Bool {
        let line = lines[index]
        return (line.contains("package ") || line.contains("public ")) && line.contains(declaration)
    }

    fileprivate func isDangerous(at index: Int) -> Bool {
        ["fatalError", "try!", "as!", "unchecked", "unsafe"].contains { lines[index].contains($0) }
            && code(index).contains(dangerous)
    }

    fileprivate func code(_ index: Int) -> String {
        lines[index].split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false).first.map(String.init) ?? ""
    }

    fileprivate func hasComment(_ index: Int) -> Bool {
        lines.indices.contains(index) && lines[index].contains("//")
    }

    /// Is the nearest line above that is not an attribute a doc comment?
    fileprivate func isDocumented(_ index: Int) -> Bool {
        let above = lines[..<index].last { $0.firstMatch(of: /^\s*@\w+(\(.*\))?\s*$/) == nil } ?? ""
        return above.contains(/^\s*\/\/\//) || above.contains(/\*\/\s*$/)
    }

    fileprivate func needsNoDocumentation(_ index: Int) -> Bool {
        lines[index].contains(/\boverride\b/) || lines[index].contains(required) || isMemberwise(index)
    }

    /// An initializer that only fills the properties of the same names: they are documented already.
    private func isMemberwise(_ index: Int) -> Bool {
        guard lines[index].contains(/\binit\(/) else { return false }
        let indentation = lines[index].prefix { $0 == " " }
        let body = lines[(index + 1)...].prefix { $0 != indentation + "}" }.drop { !$0.contains(/^\s*self\./) }
        return !body.isEmpty && body.allSatisfy { $0.contains(/^\s*self\.(\w+) = \1$/) }
    }
}
