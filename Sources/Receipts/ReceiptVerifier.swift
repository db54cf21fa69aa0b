/// Reads a receipt log line by line, in memory that does not grow with it, and tells what is not as it was written.
///
/// Files that are given in order are one log, as rotation leaves them; the first may begin anywhere. The first fault is
/// named exactly; those after it may be its consequences.
package struct ReceiptVerifier {
    private let digest: ReceiptLine.Digest
    private let keys: [ReceiptKey]
    private let mayBeginAnew: Bool

    private var verdict = ReceiptVerdict()
    private var file = ""
    private var position = 0
    /// The line that the next one has to follow.
    private var tip: Link?
    /// The one before `tip`.
    private var before: Link?
    /// A line that was found to stand between two others that belong together.
    private var aside: Link?
    /// Lines since `tip` that are none.
    private var fragments = Fragments()
    /// Numbers that were missing when they were due.
    private var gaps: [Range<Int>] = []

    /// - Parameters:
    ///   - keys: what verifies checkpoints; none: signatures are not looked at.
    ///   - mayBeginAnew: whether a file may begin another log.
    package init(keys: [ReceiptKey] = [], mayBeginAnew: Bool = false, digest: @escaping ReceiptLine.Digest) {
        self.keys = keys
        self.mayBeginAnew = mayBeginAnew
        self.digest = digest
    }

    /// The lines that follow are this file's.
    package mutating func begin(file: String) {
        self.file = file
        position = 0
        verdict.files += 1
    }

    /// Reads the next line.
    ///
    /// - Parameters:
    ///   - text: without its line feed.
    ///   - isEnded: whether it had one; only the last line of a file may not.
    /// - Returns: the line, if it is whole and stands where it belongs.
    @discardableResult
    package mutating func read(_ text: RawSpan, isEnded: Bool = true) -> ReceiptLine? {
        position += 1
        verdict.lines += 1
        guard let line = ReceiptLine(text, digest: digest) else {
            fragments.add(text, at: place, isEnded: isEnded)
            return nil
        }
        settleFragments(before: line)
        guard line.isWhole else {
            passAltered(line)
            return nil
        }
        return place(line) ? line : nil
    }

    /// What there is to say of all that was read. Call it last.
    package mutating func finish() -> ReceiptVerdict {
        if let torn = fragments.takeTornTail() { verdict.tornTail = torn }
        reportFragments()
        verdict.signaturesChecked = !keys.isEmpty
        if !keys.isEmpty, verdict.checkpoints == 0, verdict.lines > 0 {
            add(.unsigned, at: place, "no checkpoint of this log is signed by a key that was given")
        }
        return verdict
    }

    private var place: ReceiptPlace { ReceiptPlace(file: file, line: max(1, position)) }
}

/// A line of the log as those behind it see it.
private struct Link {
    var number: Int
    /// The hash it states and the one it has: of an altered line either may be what it had.
    var hashes: [String]
    var place: ReceiptPlace
    /// Something is wrong with it that has been reported.
    var isFaulty = false
    /// It does not name the hash of the line before it: the fault that says so.
    var brokenLink: Int?

    func isNamed(by line: ReceiptLine) -> Bool { hashes.contains(line.previous) }

    func isFollowed(by line: ReceiptLine) -> Bool { isNamed(by: line) && line.number == number + 1 }
}

// MARK: - One line's place

extension ReceiptVerifier {
    /// Whether the whole line stands where it belongs, as far as can be told; if not, why.
    private mutating func place(_ line: ReceiptLine) -> Bool {
        guard let tip else {
            begin(with: line)
            return true
        }
        if tip.isFollowed(by: line) { return follow(with: line) }
        if tip.hashes.contains(line.hash) {
            add(.duplicated, at: place, "the line above stands here again")
            return false
        }
        if line.number == 0, line.kind == .started, line.previous == ReceiptLine.none { return beginAnew(with: line) }
        if tip.isNamed(by: line) {
            add(.altered, at: place, "n is \(line.number) where \(tip.number + 1) has to follow")
            self.tip = Link(number: tip.number + 1, hashes: [line.hash], place: place, isFaulty: true)
            return false
        }
        if let before, before.isFollowed(by: line) { return passBy(tip, with: line) }
        if let aside, aside.isFollowed(by: line), aside.number == tip.number + 1 { return swapBack(aside, with: line) }
        let gap = line.number - tip.number - 1
        if gap == 0 || fragments.mayStand(for: gap) { return follow(tip, brokenBy: line, gap: gap) }
        guard gap > 0 else {
            passStray(line)
            return false
        }
        let lost = gap == 1 ? "line n \(tip.number + 1) is" : "lines n \(tip.number + 1) to \(line.number - 1) are"
        add(.missing, at: place, "\(lost) missing before this one")
        if gaps.count < ReceiptVerdict.maxFaults { gaps.append(tip.number + 1..<line.number) }
        return follow(with: line)
    }

    private mutating func begin(with line: ReceiptLine) {
        verdict.first = line.number
        if line.number == 0, line.previous != ReceiptLine.none {
            add(.altered, at: place, "the first line of a log names a line before it")
        }
        follow(with: line)
    }

    @discardableResult
    private mutating func follow(with line: ReceiptLine) -> Bool {
        before = tip
        aside = nil
        tip = Link(number: line.number, hashes: [line.hash], place: place)
        fragments.forget()
        note(line)
        return true
    }

    private mutating func beginAnew(with line: ReceiptLine) -> Bool {
        verdict.newLogs += 1
        if !mayBeginAnew || position > 1 {
            add(.newLog, at: place, "another log begins here; nothing proves what came between it and the lines before")
        }
        return follow(with: line)
    }

    /// The line follows the one before `tip`: so `tip` is none of the log's, unless it turns out to have changed places.
    private mutating func passBy(_ tip: Link, with line: ReceiptLine) -> Bool {
        let fault = ReceiptFault(
            place: tip.place, kind: .added,
            sentence: "this line is not part of the log: the lines around it belong together")
        if !tip.isFaulty { verdict.revise(fault, insteadOf: tip.brokenLink) }
        self.tip = before
        follow(with: line)
        aside = tip
        return true
    }

    /// The line follows one that was passed by: that one stood too early.
    private mutating func swapBack(_ stray: Link, with line: ReceiptLine) -> Bool {
        let late = tip.map { "n \($0.number), which stands at \($0.place)" } ?? "the line below"
        let sentence = "line n \(stray.number) stands before \(late)"
        verdict.revise(ReceiptFault(place: stray.place, kind: .outOfOrder, sentence: sentence))
        tip = stray
        return follow(with: line)
    }

    /// The line's number is right, or would be if every fragment were a line, but it names another line before it.
    private mutating func follow(_ tip: Link, brokenBy line: ReceiptLine, gap: Int) -> Bool {
        // What stands between has been reported, and would explain it.
        if tip.isFaulty || gap > 0 || !fragments.isEmpty { return follow(with: line) }
        // Of three lines that do not belong together, the one in the middle is the one that was changed.
        if let suspicion = tip.brokenLink {
            let sentence = "neither the line above nor the one below belongs to this line: it was written anew"
            verdict.revise(
                ReceiptFault(place: tip.place, kind: .altered, sentence: sentence), insteadOf: suspicion)
            return follow(with: line)
        }
        add(.altered, at: tip.place, "the line below names another hash than this line has: it was written anew")
        follow(with: line)
        self.tip?.brokenLink = verdict.lastIndex
        return true
    }

    /// Its number has been passed.
    private mutating func passStray(_ line: ReceiptLine) {
        let kind: ReceiptFault.Kind = gaps.contains { $0.contains(line.number) } ? .outOfOrder : .added
        let sentence =
            kind == .added ? "line n \(line.number) has stood above" : "line n \(line.number) stands behind its place"
        add(kind, at: place, sentence)
    }

    private mutating func passAltered(_ line: ReceiptLine) {
        add(.altered, at: place, "the line's bytes are not those its hash was made of")
        let expected = tip.map { $0.number + 1 }
        let isPlausible = expected.map { line.number == $0 || fragments.mayStand(for: line.number - $0) } ?? true
        if tip == nil { verdict.first = line.number }
        before = tip
        aside = nil
        tip = Link(
            number: isPlausible ? line.number : expected ?? line.number, hashes: [line.hash, line.trueHash],
            place: place, isFaulty: true)
        fragments.forget()
    }
}

// MARK: - What it says

extension ReceiptVerifier {
    private mutating func note(_ line: ReceiptLine) {
        verdict.last = line.number
        verdict.lastHash = line.hash
        verdict.isClosed = false
        verdict.unsigned += 1
        switch line.kind {
        case .opened:
            if let opening = UnfinishedSession(line, at: place) { verdict.unfinished[opening.session] = opening }
        case .session, .refusal:
            if line.kind == .session { verdict.sessions += 1 } else { verdict.refusals += 1 }
            if let id = line.string("session") { verdict.unfinished[id] = nil }
        case .checkpoint: noteCheckpoint(line)
        case .recovered: verdict.recovered += 1
        case .lost: verdict.lost += max(0, line.integer("count") ?? 0)
        case .started: break
        }
    }

    private mutating func noteCheckpoint(_ line: ReceiptLine) {
        guard let (key, signature, message) = line.signed else {
            return add(.malformed, at: place, "a checkpoint without its signature")
        }
        if !keys.isEmpty {
            guard let known = keys.first(where: { $0.id == key }) else {
                return add(.unknownKey, at: place, "signed by key \(key), which is none of those given")
            }
            guard known.verifies(signature, message) else {
                return add(
                    .badSignature, at: place, "the signature is not that of key \(key) over the lines up to here")
            }
        }
        verdict.checkpoints += 1
        verdict.unsigned = 0
        verdict.isClosed = line.boolean("closing") ?? false
    }

    private mutating func add(_ kind: ReceiptFault.Kind, at place: ReceiptPlace, _ sentence: String) {
        verdict.add(ReceiptFault(place: place, kind: kind, sentence: sentence))
    }
}

// MARK: - Torn lines

extension ReceiptVerifier {
    /// Torn bytes are no part of the chain, if the next line vouches for them.
    private mutating func settleFragments(before line: ReceiptLine) {
        guard line.kind == .recovered, line.isWhole else { return reportFragments() }
        // They may have stood at the end of a file that was not given.
        if tip == nil, fragments.isEmpty { return }
        guard fragments.are(line.integer("bytes"), line.string("sha256"), digest: digest) else {
            reportFragments()
            return add(.altered, at: place, "the torn bytes that this line names do not stand above it")
        }
        verdict.lines -= fragments.count
        fragments = Fragments()
    }

    private mutating func reportFragments() {
        for fragment in fragments.takePlaces() {
            let sentence =
                fragment.isTorn
                ? "this line was cut off, and no line below vouches for it" : "not a line of a receipt log"
            add(fragment.isTorn ? .torn : .malformed, at: fragment.place, sentence)
        }
    }
}

/// Bytes behind the last line that are none.
private struct Fragments {
    /// How many lines they fill.
    private(set) var count = 0
    private var bytes: [UInt8] = []
    private var places: [(place: ReceiptPlace, isTorn: Bool)] = []
    private var isLastEnded = true

    /// Far beyond what a torn write can leave: more is not kept, and so cannot be vouched for.
    private static let maxBytes = 4 << 20

    var isEmpty: Bool { count == 0 }

    mutating func add(_ text: RawSpan, at place: ReceiptPlace, isEnded: Bool) {
        if count > 0, bytes.count <= Self.maxBytes { bytes.append(UInt8(ascii: "\n")) }
        if bytes.count <= Self.maxBytes {
            text.withUnsafeBytes { bytes.append(contentsOf: $0.prefix(Self.maxBytes + 1)) }
        }
        count += 1
        isLastEnded = isEnded
        let isTorn = ReceiptLine.mayBegin(text) && !ReceiptLine.endsAsLine(text)
        if places.count < ReceiptVerdict.maxFaults { places.append((place, isTorn)) }
    }

    /// Whether so many lines more than were read would be explained.
    func mayStand(for gap: Int) -> Bool { gap >= 0 && gap <= count }

    func are(_ count: Int?, _ hash: String?, digest: ReceiptLine.Digest) -> Bool {
        !isEmpty && bytes.count == count && digest(bytes.span.bytes) == hash
    }

    mutating func takePlaces() -> [(place: ReceiptPlace, isTorn: Bool)] {
        defer { places = [] }
        return places
    }

    /// The log's last bytes, if they are a line that was cut off.
    mutating func takeTornTail() -> ReceiptPlace? {
        guard !isLastEnded, let last = places.last, last.isTorn else { return nil }
        places.removeLast()
        return last.place
    }

    /// They were followed by a line.
    mutating func forget() {
        self = Fragments()
    }
}
