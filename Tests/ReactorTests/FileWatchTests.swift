import Foundation
import Testing

@testable import Reactor

@Suite struct FileWatchTests {
    @Test func aChangeIsToldAndThenTheNext() throws {
        let directory = try TemporaryDirectory()
        try directory.write("file")
        let reports = Reports()
        let watch = try FileWatch.start(paths: [directory("file")], onChange: reports.come)
        defer { watch.stop() }
        #expect(reports.waits(for: 1))
        try directory.write("file", "changed")
        #expect(reports.waits(for: 2))
        try directory.write("new")
        try directory.rename("new", to: "file")
        #expect(reports.waits(for: 3))
        try directory.remove("file")
        #expect(reports.waits(for: 4))
        try directory.write("file", "back")
        #expect(reports.waits(for: 5))
    }

    @Test func manyChangesInARowAreOne() throws {
        let directory = try TemporaryDirectory()
        let reports = Reports()
        let watch = try FileWatch.start(paths: [directory.path], onChange: reports.come)
        #expect(reports.waits(for: 1))
        for number in 0..<200 { try directory.write("\(number)") }
        #expect(reports.waits(for: 2))
        watch.stop()
        // At most one for each 300 ms, and on a machine that is busy with other things too.
        #expect(reports.count < 20)
    }

    @Test func pathsCanBeReplacedFromWithinAReport() throws {
        let directory = try TemporaryDirectory()
        let reports = Reports()
        let watch = Lock<FileWatch?>(nil)
        let other = directory("other")
        let started = try FileWatch.start(paths: [directory("file")]) {
            watch.withLock { $0 }?.replacePaths([other])
            reports.come()
        }
        watch.withLock { $0 = started }
        #expect(reports.waits(for: 1))
        try directory.write("file")
        // For the change, or at the latest for the path that is new.
        #expect(reports.waits(for: 2))
        started.replacePaths([other])
        try directory.write("other")
        #expect(reports.waits(for: 3))
        watch.withLock { $0 = nil }
        started.stop()
    }

    @Test func withoutEventsItLooksByItself() throws {
        let directory = try TemporaryDirectory()
        let reports = Reports()
        let watch = try FileWatch.start(
            paths: [directory("file")], files: WatchedFiles(usesInotify: false), lookEvery: .milliseconds(1),
            onChange: reports.come)
        defer { watch.stop() }
        #expect(reports.waits(for: 1))
        try directory.write("file")
        #expect(reports.waits(for: 2))
    }

    @Test func nothingIsToldAfterTheStop() throws {
        let directory = try TemporaryDirectory()
        let reports = Reports()
        let watch = try FileWatch.start(paths: [directory("file")], onChange: reports.come)
        #expect(reports.waits(for: 1))
        watch.stop()
        watch.stop()
        try directory.write("file")
        #expect(reports.count == 1)
    }
}

/// Counts reports, and waits for them.
private final class Reports: Sendable {
    private let total = Lock(0)
    private let arrival = DispatchSemaphore(value: 0)

    @Sendable func come() {
        total.withLock { $0 += 1 }
        arrival.signal()
    }

    var count: Int { total.withLock { $0 } }

    /// Whether so many have come within ten seconds.
    func waits(for wanted: Int) -> Bool {
        while count < wanted {
            guard arrival.wait(timeout: .now() + 10) == .success else { return false }
        }
        return true
    }
}
