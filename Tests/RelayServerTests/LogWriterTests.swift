import Dispatch
import Glibc
import Reactor
import StandIn
import Testing

@testable import RelayServer

@Suite struct LogWriterTests {
    @Test func linesAreWrittenInOrder() throws {
        let pipe = try Pipe()
        let writer = LogWriter(descriptor: pipe.input.raw) { _ in [] }
        let thread = try writer.start()
        for number in 0..<100 { writer.take(Array("\(number)\n".utf8)) }
        writer.close()
        thread.join()
        #expect(pipe.readLines(100) == (0..<100).map(String.init))
    }

    @Test func aReaderThatIsTooSlowLosesLinesAndIsToldHowMany() throws {
        let pipe = try Pipe()
        let writer = LogWriter(descriptor: pipe.input.raw) { Array("lost \($0)\n".utf8) }
        let thread = try writer.start()
        // Three times what may wait, while nobody reads: were this to block, it would never return.
        let padding = String(repeating: ".", count: 64 << 10)
        let total = 192
        for number in 0..<total { writer.take(Array("\(number) \(padding)\n".utf8)) }

        var written: [Int] = []
        var lost = 0
        while written.count + lost < total, let line = pipe.readLines(1).first {
            let words = line.split(separator: " ")
            if words.first == "lost" {
                lost += words.last.flatMap { Int($0) } ?? 0
            } else {
                words.first.flatMap { Int($0) }.map { written.append($0) }
            }
        }
        #expect(lost > 0 && written.count + lost == total)
        #expect(written == written.sorted() && Set(written).count == written.count)
        writer.close()
        thread.join()
    }

    /// A full disk, and room on it again: the same descriptor leads to either.
    @Test func whatAFullDiskRefusesIsCountedAndToldWhenItTakesLinesAgain() throws {
        let pipe = try Pipe()
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        defer { close(full) }
        let told = Monitor(0)
        let writer = LogWriter(descriptor: full) { lost in
            told.update { $0 = lost }
            return Array("lost \(lost)\n".utf8)
        }
        let thread = try writer.start()
        for number in 0..<3 { writer.take(Array("\(number)\n".utf8)) }
        #expect(told.wait(upTo: RelayHarbour.patience) { $0 == 3 ? true : nil } == true)
        #expect(dup2(pipe.input.raw, full) == full)
        writer.take(Array("room again\n".utf8))
        writer.close()
        thread.join()
        #expect(pipe.readLines(2) == ["lost 3", "room again"])
    }

    @Test func aReaderThatIsGoneIsNotTheEnd() async {
        await #expect(processExitsWith: .success) {
            Signals.ignoreBrokenPipes()
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { exit(1) }
            close(ends[0])
            let writer = LogWriter(descriptor: ends[1]) { _ in [] }
            let thread = try writer.start()
            for number in 0..<100 { writer.take(Array("\(number)\n".utf8)) }
            writer.close()
            thread.join()
            exit(0)
        }
    }

    /// Only half a line fits a file of this size; what follows in another place begins a line of its own.
    @Test func halfALineIsEnded() async {
        await #expect(processExitsWith: .success) {
            Signals.ignoreBrokenPipes()
            let path = "/tmp/tidegate-log-\(getpid())"
            let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            unlink(path)
            var limit = rlimit(rlim_cur: 8, rlim_max: rlim_t.max)
            let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
            guard file >= 0, setrlimit(resource, &limit) == 0 else { exit(1) }
            let told = DispatchSemaphore(value: 0)
            let writer = LogWriter(descriptor: file) { lost in
                told.signal()
                return Array("lost \(lost)\n".utf8)
            }
            let thread = try writer.start()
            writer.take(Array("one\n".utf8))
            writer.take(Array("second\n".utf8))
            told.wait()
            limit.rlim_cur = rlim_t.max
            guard setrlimit(resource, &limit) == 0 else { exit(2) }
            writer.take(Array("third\n".utf8))
            writer.close()
            thread.join()
            var bytes = [UInt8](repeating: 0, count: 100)
            let count = pread(file, &bytes, bytes.count, 0)
            exit(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "one\nseco\nlost 1\nthird\n" ? 0 : 3)
        }
    }

    @Test func whatWaitsAtTheEndIsStillWritten() throws {
        let pipe = try Pipe()
        let writer = LogWriter(descriptor: pipe.input.raw) { _ in [] }
        writer.take(Array("before the thread\n".utf8))
        writer.close()
        try writer.start().join()
        #expect(pipe.readLines(1) == ["before the thread"])
    }
}

/// A pipe of the system's own size, both ends blocking.
private final class Pipe {
    let input: Descriptor
    private let output: Descriptor
    private var unread: [UInt8] = []

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError.last("pipe") }
        output = Descriptor(owning: ends[0])
        input = Descriptor(owning: ends[1])
    }

    /// The next lines, waited for.
    func readLines(_ count: Int) -> [String] {
        var lines: [String] = []
        while lines.count < count {
            if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                lines.append(String(decoding: unread[..<end], as: UTF8.self))
                unread.removeSubrange(...end)
            } else if !readMore() {
                break
            }
        }
        return lines
    }

    private func readMore() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 128 << 10)
        let count = read(output.raw, &buffer, buffer.count)
        unread += buffer.prefix(max(0, count))
        return count > 0
    }
}
