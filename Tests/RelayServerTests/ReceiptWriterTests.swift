import Configuration
import Crypto
import Dispatch
import Foundation
import Policy
import Reactor
import Receipts
import StandIn
import Telemetry
import Testing

@testable import RelayCore
@testable import RelayServer

/// The writer over files that refuse.
@Suite(.timeLimit(.minutes(10))) struct ReceiptWriterTests {
    private let log: ReceiptLog
    private let disk = Disk()
    private let operatorLog = RelayLog()

    init() throws {
        log = try ReceiptLog()
    }

    /// A full disk takes what fits, if that is in the middle of a line.
    @Test(arguments: [0, 1, 300, 1000]) func whatDoesNotFitIsWrittenOnceItDoes(room: Int) throws {
        let writer = try start()
        try log.wait { $0.lines().count == 2 }
        disk.leave(room)
        for number in 0..<20 { writer.concluded(.session(number), at: site) }
        _ = try operatorLog.line("receipts-unwritable")
        #expect(writer.isRefusing)
        disk.leave(.max)
        _ = try operatorLog.line("receipts-writable")
        #expect(!writer.isRefusing)
        writer.close()
        expectWhole(sessions: 20)
        #expect(log.lines(.session).map { $0.string("session") } == (0..<20).map { "session-\($0)" })
    }

    /// Nobody waits for a full disk: a session may not go on without its record, unless settings say that it may.
    @Test(arguments: ReceiptSettings.WhenUnwritable.allCases)
    func anOpeningIsAnsweredWhileNothingCanBeWritten(when policy: ReceiptSettings.WhenUnwritable) throws {
        let writer = try start(policy)
        #expect(open(1, by: writer) == true)
        disk.leave(50)
        #expect(open(2, by: writer) == (policy == .continue), "on its way to the file")
        #expect(open(3, by: writer) == (policy == .continue), "in the queue")
        #expect(writer.isRefusing == (policy == .refuse))
        disk.leave(.max)
        writer.close()
        #expect(log.lines(.opened).count == 3 && log.verdict().isWhole)
    }

    @Test func refusalsBeyondTheBoundAreCountedAndSessionsAreNotGivenUp() throws {
        let writer = try start()
        disk.leave(0)
        _ = open(0, by: writer)
        let total = 3 * ReceiptQueue.maxRefusalBytes / 1024 / 2
        for number in 0..<total { writer.concluded(.refusal(number), at: site) }
        writer.concluded(.session(1), at: site)
        disk.leave(.max)
        writer.close()
        let verdict = log.verdict()
        #expect(verdict.isWhole && verdict.isClosed && verdict.sessions == 1)
        #expect(verdict.lost > 0 && verdict.refusals + verdict.lost == total)
    }

    /// Its opening is on record, and so must its end be.
    @Test func aSessionWhoseDialsAllFailedIsNotGivenUp() {
        let queue = ReceiptQueue()
        var large = SessionSummary.refusal(0)
        large.origin = String(repeating: "x", count: ReceiptQueue.maxRefusalBytes)
        queue.add(large, at: site, time: 0)
        queue.add(.refusal(1), at: site, time: 0)
        #expect(queue.waiting == 1)
        var failed = SessionSummary.refusal(2)
        failed.granted = .eu
        queue.add(failed, at: site, time: 0)
        #expect(queue.waiting == 2)
    }

    @Test func theWriterIsWokenOnceForAllThatWaits() {
        let queue = ReceiptQueue()
        for number in 0..<3 { queue.add(.session(number), at: site, time: 0) }
        #expect(queue.wakeup.wait(upTo: .zero))
        #expect(!queue.wakeup.wait(upTo: .zero))
        #expect(queue.takeAll().count == 3)
        queue.add(.session(3), at: site, time: 0)
        #expect(queue.wakeup.wait(upTo: .zero))
    }

    @Test func whatOpeningsAreAnsweredMayChangeWhileNothingCanBeWritten() throws {
        let writer = try start(.refuse)
        disk.leave(0)
        #expect(open(1, by: writer) == false)
        var settings = log.settings()
        settings.whenUnwritable = .continue
        writer.apply(try ReceiptPlan(settings, environment: [:]))
        let deadline = ContinuousClock.now + .seconds(30)
        while open(2, by: writer) == false { try #require(.now < deadline) }
        disk.leave(.max)
        writer.close()
    }

    @Test func aFileThatIsFullAndRenamedIsContinuedInTheNextOne() throws {
        let writer = try start()
        try log.wait { $0.lines().count == 2 }
        disk.leave(100)
        for number in 0..<3 { writer.concluded(.session(number), at: site) }
        _ = try operatorLog.line("receipts-unwritable")
        let old = log.folder + "/receipts.1"
        try FileManager.default.moveItem(atPath: log.path, toPath: old)
        _ = try operatorLog.line("receipts-rotated")
        disk.leave(.max)
        writer.close()
        let verdict = log.verdict([old, log.path])
        #expect(verdict.isWhole && verdict.isClosed && verdict.recovered == 1, "\(verdict.faults)")
        #expect(log.lines(.session).count == 3)
    }

    @Test func aDiskThatTakesLinesAndLosesThemIsNotTrustedUntilItKeepsThem() throws {
        disk.sync(false)
        let writer = try start(checkpoint: .milliseconds(1))
        _ = try operatorLog.line("receipts-unwritable")
        disk.waitForFailures(3)
        #expect(writer.isRefusing)
        #expect(!operatorLog.text.contains { $0.contains("receipts-writable") })
        disk.sync(true)
        _ = try operatorLog.line("receipts-writable")
        #expect(!writer.isRefusing)
        writer.concluded(.session(0), at: site)
        writer.close()
        expectWhole(sessions: 1)
    }

    @Test func aFileThatIsLeftWithoutASealIsSaidSo() throws {
        let writer = try start()
        try log.wait { $0.lines().count == 2 }
        disk.sync(false)
        try FileManager.default.moveItem(atPath: log.path, toPath: log.folder + "/receipts.1")
        _ = try operatorLog.line("receipts-rotated") { $0["detail"]?.string?.contains("not sealed") == true }
        disk.sync(true)
        writer.close()
    }

    @Test func aRelayThatEndsWithAFullDiskSaysWhatIsLost() throws {
        let writer = try start()
        try log.wait { $0.lines().count == 2 }
        disk.leave(0)
        writer.concluded(.session(0), at: site)
        writer.close()
        let line = try operatorLog.line("receipts-unwritable") { $0["count"] != nil }
        #expect(line["count"] == 1)
    }

    @Test func checkpointsComeAtTheirIntervalAndOnlyWhenSomethingIsNew() throws {
        let writer = try start(checkpoint: .milliseconds(1))
        writer.concluded(.session(0), at: site)
        try log.wait { $0.lines().map(\.kind) == [.started, .checkpoint, .session, .checkpoint] }
        writer.close()
        #expect(log.lines().map(\.kind) == [.started, .checkpoint, .session, .checkpoint, .checkpoint])
        expectWhole(sessions: 1)
    }

    @Test func anotherFileAndKeyAreTakenWithoutALoss() throws {
        let writer = try start()
        writer.concluded(.session(0), at: site)
        try log.wait { $0.lines(.session).count == 1 }
        let other = try ReceiptLog()
        writer.apply(try ReceiptPlan(other.settings(), environment: [:]))
        try other.wait { FileManager.default.fileExists(atPath: $0.path) }
        writer.concluded(.session(1), at: site)
        writer.close()
        #expect(log.lines(.session).count == 1 && other.lines(.session).count == 1)
        #expect(other.lines().last?.string("key") == other.key.publicKey.id)
        #expect(other.lines().first?.number == log.lines().count)
    }

    @Test func manyThreadsMakeOneChain() throws {
        let writer = try start()
        let threads = try (0..<4).map { thread in
            try LoopThread.start(name: "taker") { [site] in
                for number in 0..<500 { writer.concluded(.session(thread * 500 + number), at: site) }
            }
        }
        for thread in threads { thread.join() }
        writer.close()
        expectWhole(sessions: 2000)
        for thread in 0..<4 {
            let own = log.lines(.session).compactMap { $0.string("session")?.dropFirst("session-".count) }
                .compactMap { Int($0) }.filter { $0 / 500 == thread }
            #expect(own == own.sorted(), "the order of one thread is kept")
        }
    }

    private let site = Site(name: "here")

    private func start(
        _ policy: ReceiptSettings.WhenUnwritable = .refuse, checkpoint: Duration = .seconds(60)
    ) throws -> ReceiptWriter {
        var settings = log.settings(checkpoint: checkpoint)
        settings.whenUnwritable = policy
        let snapshot = PolicySnapshot(version: "1", site: site, zones: [], tenants: [])
        return try ReceiptWriter.start(
            ReceiptPlan(settings, environment: [:]), under: snapshot, log: operatorLog.log, disk: disk.calls)
    }

    /// Waits for what a session is told.
    private func open(_ number: Int, by writer: ReceiptWriter) -> Bool? {
        let told = Monitor<Bool?>(nil)
        let endpoint = try! Endpoint("wss://eu.example/v3/ws", in: .eu)  // A literal that is right.
        let snapshot = PolicySnapshot(version: "1", site: site, zones: [], tenants: [])
        writer.opening(of: "session-\(number)", at: endpoint, granted: TenantName("acme")!, under: snapshot) { answer in
            told.update { $0 = answer }
        }
        return told.wait(upTo: .seconds(30)) { $0 }
    }

    private func expectWhole(sessions: Int) {
        let verdict = log.verdict()
        #expect(verdict.isWhole && verdict.isClosed && verdict.sessions == sessions, "\(verdict.faults)")
    }
}

/// A disk with so much room.
private final class Disk: Sendable {
    private let room = Lock(Int.max)
    private let isSyncing = Lock(true)
    private let failures = Monitor(0)

    func leave(_ bytes: Int) {
        room.withLock { $0 = bytes }
    }

    /// Whether what was written reaches the disk.
    func sync(_ succeeds: Bool) {
        isSyncing.withLock { $0 = succeeds }
    }

    /// Waits until it has failed so often to put on the disk what was written.
    func waitForFailures(_ count: Int) {
        _ = failures.wait(upTo: .seconds(30)) { $0 >= count ? true : nil }
    }

    var calls: ReceiptDisk {
        ReceiptDisk(
            write: { [room] descriptor, bytes, count in
                room.withLock { room in
                    guard room > 0 else {
                        errno = ENOSPC
                        return -1
                    }
                    let written = Foundation.write(descriptor, bytes, min(count, room))
                    if room != .max { room -= max(0, written) }
                    return written
                }
            },
            sync: { [isSyncing, failures] _ in
                if isSyncing.withLock({ $0 }) { return 0 }
                failures.update { $0 += 1 }
                errno = EIO
                return -1
            })
    }
}

extension SessionSummary {
    fileprivate static func session(_ number: Int) -> SessionSummary {
        SessionSummary(
            id: "session-\(number)", tenant: TenantName("acme"), failedDials: [], site: Site(name: "here"), policy: "1",
            lastPolicy: "1",
            trail: [], ending: .drained, duration: .seconds(1), up: Meter(), down: Meter())
    }

    fileprivate static func refusal(_ number: Int) -> SessionSummary {
        var summary = session(number)
        summary.refusal = Refusal(.residency, "No.")
        return summary
    }
}
