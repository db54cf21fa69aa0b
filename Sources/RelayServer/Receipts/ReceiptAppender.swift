import Glibc
import Reactor
import Receipts

/// The receipt log as it is appended to: the chain, the file, and the lines that the file has not taken yet.
///
/// What it was given is written whole, once and in order, however often the file refuses, and whatever file that ends in.
/// Owned by the writer's thread.
struct ReceiptAppender: ~Copyable {
    private(set) var file: ReceiptFile
    private var chain: ReceiptChain
    private let disk: ReceiptDisk
    /// Lines that are not wholly written. Their bytes stand in `bytes`.
    private var lines: [Line] = []
    private var bytes: [UInt8] = []
    /// Bytes of `bytes` that the file has taken.
    private var taken = 0

    private var addedLines = 0

    /// What signs checkpoints.
    var signer: ReceiptSigner?
    /// Lines that no checkpoint covers.
    private(set) var linesSinceCheckpoint = 0

    private struct Line {
        let entry: ReceiptEntry
        /// What it continues.
        let chain: ReceiptChain
        /// Where it ends in `bytes`.
        let end: Int
    }

    /// Continues what the file holds. What was torn is vouched for before anything else is written.
    init(
        _ file: consuming ReceiptFile, signer: ReceiptSigner?, disk: ReceiptDisk, time: String
    ) {
        chain = file.tail.chain
        let tail = file.tail
        self.file = file
        self.signer = signer
        self.disk = disk
        if tail.wantsLineFeed { bytes.append(UInt8(ascii: "\n")) }
        if !tail.torn.isEmpty { add(.recovered(Self.torn(tail.torn, time))) }
    }

    /// Takes a line; `flush` writes it.
    mutating func add(_ entry: ReceiptEntry) {
        let before = chain
        bytes += chain.append(entry, signer: signer, digest: ReceiptPlan.digest)
        lines.append(Line(entry: entry, chain: before, end: bytes.count))
        addedLines += 1
        if case .checkpoint = entry { linesSinceCheckpoint = 0 } else { linesSinceCheckpoint += 1 }
    }

    /// Lines written since the process began.
    var writtenLines: Int { addedLines - waitingLines }

    /// Bytes that wait for the file.
    var waiting: Int { bytes.count - taken }

    /// Lines that wait for the file.
    var waitingLines: Int { lines.count { $0.end > taken } }

    /// Writes all that waits, or throws why the rest waits on.
    mutating func flush() throws(SystemError) {
        while waiting > 0 {
            let count: Int
            do throws(SystemError) { count = try writeSome() } catch {
                if error.isInterrupted { continue }
                throw error
            }
            // A file that takes nothing and says no why would be asked for ever.
            guard count > 0 else { throw SystemError(code: ENOSPC, call: "write") }
            taken += count
        }
        lines = []
        bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptBytes)
        taken = 0
    }

    /// Waits until what the file has taken is on the disk.
    func sync() throws(SystemError) {
        try file.sync(to: disk)
    }

    /// Goes on in another file, which holds nothing yet. What the old one has taken of a line and cannot take the rest of is
    /// vouched for in the new one, and the line written there again.
    mutating func goOn(in next: consuming ReceiptFile, time: String) {
        // A line that lacks its line feed alone is whole.
        let rest = lines.filter { $0.end - 1 > taken }
        let start = lines.last { $0.end - 1 <= taken }?.end ?? firstLine
        let torn = start < taken ? Array(bytes[start..<taken]) : []
        file = next
        if let first = rest.first { chain = first.chain }
        linesSinceCheckpoint -= min(linesSinceCheckpoint, rest.count)
        (lines, bytes, taken) = ([], [], 0)
        if !torn.isEmpty { add(.recovered(Self.torn(torn, time))) }
        addedLines -= rest.count
        for line in rest { add(line.entry) }
    }

    private func writeSome() throws(SystemError) -> Int {
        try bytes.span.bytes.extracting(taken...).withUnsafeBytes { (rest) throws(SystemError) in
            try file.append(rest, to: disk)
        }
    }

    /// Where the first line begins in `bytes`: behind the line feed that an older one lacked.
    private var firstLine: Int { bytes.first == UInt8(ascii: "\n") ? 1 : 0 }

    private static func torn(_ bytes: [UInt8], _ time: String) -> ReceiptEntry.Torn {
        ReceiptEntry.Torn(time: time, bytes: bytes.count, hash: ReceiptPlan.digest(bytes.span.bytes))
    }

    /// What is kept of the memory that a batch took.
    private static let keptBytes = 1 << 20
}
