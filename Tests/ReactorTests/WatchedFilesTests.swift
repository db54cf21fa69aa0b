import Foundation
import Testing

@testable import Reactor

/// Events are in the queue when the call that causes them returns, so nothing here waits.
@Suite struct WatchedFilesTests {
    /// What is done to `file` or on its way, by name.
    static let changes: [(String, @Sendable (TemporaryDirectory) throws -> Void)] = [
        ("written in place", { try $0.write("way/file", "changed") }),
        (
            "replaced by a rename",
            {
                try $0.write("way/new")
                try $0.rename("way/new", to: "way/file")
            }
        ),
        ("deleted", { try $0.remove("way/file") }),
        ("moved away", { try $0.rename("way/file", to: "way/old") }),
        (
            "made unreadable",
            { try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: $0("way/file")) }
        ),
        ("its directory moved away", { try $0.rename("way", to: "gone") }),
        (
            "its directory replaced",
            {
                try $0.makeDirectory("new")
                try $0.rename("way", to: "old")
                try $0.rename("new", to: "way")
            }
        ),
    ]

    @Test(arguments: changes.map(\.0))
    func aFileThatIsChangedIsNoticed(name: String) throws {
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("way")
        try directory.write("way/file", "as it was")
        let files = WatchedFiles()
        #expect(files.replace([directory("way/file")]))
        #expect(!files.drain())
        let change = try #require(Self.changes.first { $0.0 == name })
        try change.1(directory)
        #expect(files.drain())
        #expect(!files.drain())
    }

    @Test func aDirectorysNewFilesAreNoticed() throws {
        let directory = try TemporaryDirectory()
        let files = WatchedFiles()
        _ = files.replace([directory.path])
        try directory.write("new.yaml")
        #expect(files.drain())
    }

    @Test func aNeighbourIsNotNoticed() throws {
        let directory = try TemporaryDirectory()
        try directory.write("file")
        let files = WatchedFiles()
        _ = files.replace([directory("file")])
        try directory.write("neighbour")
        try directory.makeDirectory("another")
        try directory.remove("neighbour")
        #expect(!files.drain())
        _ = FileManager.default.contents(atPath: directory("file"))
        #expect(!files.drain())
    }

    /// As Kubernetes updates a mounted volume: a new directory, and `..data` renamed over to lead there.
    @Test func aSymlinkOnTheWayThatLeadsElsewhereIsNoticedAndFollowed() throws {
        let directory = try TemporaryDirectory()
        for version in ["..1", "..2"] {
            try directory.makeDirectory(version)
            try directory.write(version + "/file", version)
        }
        try directory.link("..data", to: "..1")
        try directory.link("file", to: "..data/file")
        let files = WatchedFiles()
        _ = files.replace([directory("file")])
        try directory.link("..data_tmp", to: "..2")
        #expect(!files.drain())
        try directory.rename("..data_tmp", to: "..data")
        #expect(files.drain())
        files.rearm()
        try directory.write("..1/file", "no longer on the way")
        #expect(!files.drain())
        try directory.write("..2/file", "on the way")
        #expect(files.drain())
    }

    @Test func whatIsNotThereYetIsNoticedStepByStep() throws {
        let directory = try TemporaryDirectory()
        let files = WatchedFiles()
        _ = files.replace([directory("a/b/file")])
        for step in ["a", "a/b"] {
            try directory.makeDirectory(step)
            #expect(files.drain())
            files.rearm()
        }
        try directory.write("a/b/file")
        #expect(files.drain())
    }

    @Test func onlyNewPathsAreNews() throws {
        let directory = try TemporaryDirectory()
        let files = WatchedFiles()
        #expect(files.replace([directory("a"), directory("b")]))
        #expect(!files.replace([directory("b"), directory("a")]))
        #expect(!files.replace([directory("a")]))
        #expect(files.replace([directory("b")]))
    }

    @Test func pathsThatAreNoLongerWatchedAreNotNoticed() throws {
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("a")
        let files = WatchedFiles()
        _ = files.replace([directory("a/file")])
        _ = files.replace([])
        _ = files.drain()
        try directory.write("a/file")
        #expect(!files.drain())
    }

    @Test func lookingAgainTellsWithoutEvents() throws {
        let directory = try TemporaryDirectory()
        try directory.write("file", "one")
        let files = WatchedFiles(usesInotify: false)
        _ = files.replace([directory("file"), directory("later")])
        #expect(!files.hasChanged())
        try directory.write("file", "another")
        #expect(files.hasChanged())
        files.rearm()
        #expect(!files.hasChanged())
        try directory.write("later")
        #expect(files.hasChanged())
        #expect(!files.drain())
    }

    /// The queue holds 16384 events unless an administrator says otherwise.
    @Test func lostEventsCountAsAChange() throws {
        let text = try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8)
        let limit = try #require(Int(text.trimmingCharacters(in: .whitespacesAndNewlines)))
        try #require(limit <= 100_000)
        let directory = try TemporaryDirectory()
        try directory.write("file")
        let files = WatchedFiles()
        _ = files.replace([directory("file")])
        // Names in turn, because equal events in a row are one.
        for step in 0...limit { try directory.write("neighbour-\(step % 2)", "") }
        #expect(files.drain())
    }
}
