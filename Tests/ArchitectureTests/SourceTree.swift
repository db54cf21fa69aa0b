import Foundation
import Testing

/// The package as text: what lies where, line by line.
enum SourceTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Every Swift file of one folder below the root, at any depth, in the order of their paths.
    static func files(under folder: String) throws -> [SourceFile] {
        let start = root.appending(path: folder).path()
        guard let paths = FileManager.default.enumerator(atPath: start) else { return [] }
        return try paths.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted()
            .map { try SourceFile(path: folder + "/" + $0) }
    }

    static func text(of path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}

struct SourceFile: CustomTestStringConvertible, Sendable {
    /// The path from the root of the package, such as `Sources/Policy/Zone.swift`.
    let path: String
    let lines: [String]

    init(path: String) throws {
        self.path = path
        lines = try SourceTree.text(of: path).components(separatedBy: "\n")
    }

    /// The file's name without `.swift`.
    var name: String { String(path.split(separator: "/").last?.dropLast(6) ?? "") }

    var testDescription: String { path }

    /// The modules this file imports, whatever stands before `import`.
    var imports: [String] {
        lines.filter { $0.contains("import ") }.compactMap { line in
            let pattern =
                /^(@\w+(\(\w+\))? +)*((package|public|internal|private|fileprivate) +)?import +((struct|class|enum|protocol|func|typealias|var|let) +)?(?<module>\w+)/
            return line.firstMatch(of: pattern).map { String($0.module) }
        }
    }

    /// `path:line` of a line counted from zero, as compilers print it.
    func place(_ index: Int) -> String { "\(path):\(index + 1)" }
}
