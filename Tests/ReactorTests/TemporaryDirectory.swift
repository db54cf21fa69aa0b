import Foundation

/// A directory for one test, gone when the test is done with it. Its path is free of symlinks.
final class TemporaryDirectory {
    let path: String

    init() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "reactor-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        path = directory.resolvingSymlinksInPath().path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func callAsFunction(_ name: String) -> String { path + "/" + name }

    /// Writes in place.
    func write(_ name: String, _ text: String = "x") throws {
        try Data(text.utf8).write(to: URL(filePath: self(name)))
    }

    func makeDirectory(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: self(name), withIntermediateDirectories: true)
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: self(name), withDestinationPath: target)
    }

    /// Over whatever is there, as editors and Kubernetes do it.
    func rename(_ name: String, to other: String) throws {
        guard Foundation.rename(self(name), self(other)) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: self(name))
    }
}
