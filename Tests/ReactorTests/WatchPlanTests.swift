import Foundation
import Testing

@testable import Reactor

@Suite struct WatchPlanTests {
    @Test func everyDirectoryOnTheWayIsWatchedForItsPart() throws {
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("a/b")
        try directory.write("a/b/file")
        let plan = WatchPlan([directory("a/b/file")])
        #expect(plan.directories[directory("a/b")] == .these(["file"]))
        #expect(plan.directories[directory("a")] == .these(["b"]))
        #expect(plan.directories[directory.path] == .these(["a"]))
        #expect(plan.directories["/"] == .these([String(directory.path.split(separator: "/")[0])]))
    }

    /// As Kubernetes mounts a volume: the file leads through `..data` to a directory with a time for its name.
    @Test func everySymlinkOnTheWayIsWatchedAndFollowed() throws {
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("..2026")
        try directory.write("..2026/file")
        try directory.link("..data", to: "..2026")
        try directory.link("file", to: "..data/file")
        let plan = WatchPlan([directory("file")])
        #expect(plan.directories[directory.path] == .these(["file", "..data", "..2026"]))
        #expect(plan.directories[directory("..2026")] == .these(["file"]))
    }

    @Test func aSymlinkMayLeadUpOrElsewhere() throws {
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("a")
        try directory.write("file")
        try directory.link("a/up", to: "../file")
        try directory.link("a/away", to: directory("file"))
        #expect(WatchPlan([directory("a/up")]).directories[directory.path] == .these(["a", "file"]))
        #expect(WatchPlan([directory("a/away")]).directories[directory.path] == .these(["a", "file"]))
    }

    @Test func aDirectoryIsWatchedForEverythingInIt() throws {
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("p")
        #expect(WatchPlan([directory("p")]).directories[directory("p")] == .all)
        #expect(WatchPlan([directory("p"), directory("p/x")]).directories[directory("p")] == .all)
    }

    @Test func whatIsMissingIsWatchedForWhereItWouldCome() throws {
        let directory = try TemporaryDirectory()
        #expect(WatchPlan([directory("a/b/c")]).directories[directory.path] == .these(["a"]))
    }

    @Test func symlinksInACircleEnd() throws {
        let directory = try TemporaryDirectory()
        try directory.link("a", to: "b")
        try directory.link("b", to: "a")
        #expect(WatchPlan([directory("a")]).directories[directory.path] == .these(["a", "b"]))
    }

    @Test func aRelativePathBeginsAtTheWorkingDirectory() {
        let name = "no-such-file-\(UUID().uuidString)"
        let here = FileManager.default.currentDirectoryPath
        #expect(WatchPlan(["./" + name]).directories == WatchPlan([here + "/" + name]).directories)
    }
}
