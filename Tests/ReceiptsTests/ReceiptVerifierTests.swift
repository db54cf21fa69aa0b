import Crypto
import Receipts
import RelayTestKit
import Testing

/// Each change is made to the lines of a log in turn; the first fault has to name the line it was made to.
@Suite struct ReceiptVerifierTests {
    private let sample = Scribe.sample()
    private var lines: [[UInt8]] { sample.lines }

    @Test func aLogThatNobodyTouchedIsWholeAndClosed() {
        let verdict = verify(lines, keys: [sample.key.verifier])
        #expect(verdict.isWhole && verdict.isClosed && verdict.signaturesChecked)
        #expect(verdict.lines == 11 && verdict.first == 0 && verdict.last == 10 && verdict.unsigned == 0)
        #expect(verdict.sessions == 3 && verdict.refusals == 1 && verdict.checkpoints == 2 && verdict.lost == 3)
        #expect(verdict.unfinished.isEmpty && verdict.tornTail == nil && verdict.newLogs == 0)
    }

    /// A bit of each byte here, any byte below.
    @Test func everyByteOfALineMatters() {
        for line in [0, 3, 10] {
            for place in lines[line].indices {
                var altered = lines
                altered[line][place] ^= 1
                let verdict = verify(bytes: Array(altered.joined(separator: [0x0A])) + [0x0A])
                #expect(verdict.firstLine == line + 1, "byte \(place) of line \(line + 1): \(verdict.faults)")
            }
        }
    }

    @Test(arguments: 0..<11) func aByteOfAnyLineMatters(line: Int) {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20 {
            var altered = lines
            let place = Int.random(in: altered[line].indices, using: &generator)
            altered[line][place] ^= UInt8.random(in: 1...255, using: &generator)
            let verdict = verify(altered)
            #expect(verdict.firstLine == line + 1, "byte \(place): \(verdict.faults)")
            #expect(verdict.faultCount == 1, "one fault is not told as several: \(verdict.faults)")
        }
    }

    @Test(arguments: 0..<10) func aLineThatIsGoneIsMissed(line: Int) {
        var altered = lines
        altered.remove(at: line)
        let verdict = verify(altered)
        guard line > 0 else {
            // The first file may begin anywhere; the verdict says where it does.
            #expect(verdict.isWhole && verdict.first == 1)
            return
        }
        #expect(verdict.faultCount == 1 && verdict.faults.first?.kind == .missing && verdict.firstLine == line + 1)
        #expect(verdict.faults.first?.sentence.contains("n \(line) ") == true)
    }

    @Test func severalLinesThatAreGoneAreCounted() {
        let verdict = verify(Array(lines[0..<2] + lines[6...]))
        #expect(verdict.faults.map(\.kind) == [.missing] && verdict.firstLine == 3)
        #expect(verdict.faults.first?.sentence == "lines n 2 to 5 are missing before this one")
    }

    @Test func theLastLineCanBeMissedOnlyByTheClosingCheckpoint() {
        let verdict = verify(lines.dropLast())
        #expect(verdict.isWhole && !verdict.isClosed && verdict.unsigned == 8)
    }

    @Test(arguments: 0..<11) func aLineThatStandsTwiceIsFound(line: Int) {
        let verdict = verify(Array(lines[...line]) + lines[line...])
        #expect(verdict.faults.map(\.kind) == [.duplicated] && verdict.firstLine == line + 2)
        #expect(verdict.sessions == 3)
    }

    @Test(arguments: 1..<10) func aCopyOfAnEarlierLineIsFound(line: Int) {
        var altered = lines
        altered.insert(lines[0], at: line + 1)
        let verdict = verify(altered)
        #expect(verdict.faultCount == 1 && verdict.firstLine == line + 2, "\(verdict.faults)")
    }

    @Test(arguments: 0..<10) func twoLinesThatChangedPlacesAreFound(line: Int) {
        var altered = lines
        altered.swapAt(line, line + 1)
        let verdict = verify(altered)
        #expect(verdict.firstLine.map { $0 == line + 1 || line == 0 && $0 == 2 } == true, "\(verdict.faults)")
        if line > 0, line < 9 { #expect(verdict.faults.map(\.kind) == [.outOfOrder], "\(verdict.faults)") }
    }

    @Test(arguments: 1..<11) func aLineOfAnotherLogIsFound(line: Int) {
        var altered = lines
        altered.insert(Scribe.sample(sessions: 4).lines[3], at: line)
        let verdict = verify(altered)
        #expect(verdict.faultCount == 1 && verdict.firstLine == line + 1, "\(verdict.faults)")
    }

    @Test(arguments: 0..<11, ["", "no line", #"{"n":1}"#, "{"]) func whatIsNoLineIsFound(line: Int, text: String) {
        var altered = lines
        altered.insert(Array(text.utf8), at: line)
        let verdict = verify(altered)
        #expect(verdict.faultCount == 1 && verdict.firstLine == line + 1, "\(verdict.faults)")
    }

    /// Whoever writes a line anew can make its hash fit, but not the hash that the next line names.
    @Test(arguments: 1..<10) func aLineWrittenAnewWithItsOwnHashIsFound(line: Int) throws {
        let above = try #require(parsed(lines[line - 1]))
        var forger = Scribe(ReceiptChain(after: above), key: sample.key)
        forger.add(.lost(0, time: noon))
        var altered = lines
        altered[line] = forger.lines[0]
        let verdict = verify(altered)
        #expect(verdict.faults.map(\.kind) == [.altered] && verdict.firstLine == line + 1, "\(verdict.faults)")
    }

    @Test(arguments: 2..<9) func aLineWrittenAnewThatNamesAnotherBeforeItIsFound(line: Int) throws {
        let other = try #require(parsed(Scribe.sample(sessions: 9).lines[line - 1]))
        var forger = Scribe(ReceiptChain(after: other), key: sample.key)
        forger.add(.lost(0, time: noon))
        var altered = lines
        altered[line] = forger.lines[0]
        let verdict = verify(altered)
        #expect(verdict.faults.map(\.kind) == [.altered] && verdict.firstLine == line + 1, "\(verdict.faults)")
    }

    @Test func everyLineFromSomewhereOnWrittenAnewIsFoundByTheSignature() throws {
        let thief = Signature.PrivateKey()
        var forger = Scribe(
            ReceiptChain(after: try #require(parsed(lines[4]))), key: thief)
        forger.add(.lost(0, time: noon), .checkpoint(.init(time: noon, isClosing: true)))
        let altered = lines[...4] + forger.lines
        #expect(verify(Array(altered)).isWhole, "the chain alone cannot tell")
        let verdict = verify(Array(altered), keys: [sample.key.verifier])
        #expect(verdict.faults.map(\.kind) == [.unknownKey] && verdict.firstLine == 7 && !verdict.isClosed)
        let mistaken = ReceiptKey(id: thief.publicKey.id, verifies: sample.key.verifier.verifies)
        let forged = verify(Array(altered), keys: [sample.key.verifier, mistaken])
        #expect(forged.faults.map(\.kind) == [.badSignature])
    }

    @Test func aLogWithoutAnySignatureIsNoProofForWhoeverHasAKey() {
        var scribe = Scribe()
        scribe.add(.sampleStart, .receipt(.sample(0)))
        #expect(verify(scribe.lines).isWhole)
        #expect(verify(scribe.lines, keys: [scribe.key.verifier]).faults.map(\.kind) == [.unsigned])
        #expect(verify([], keys: [scribe.key.verifier]).isWhole)
    }

    // MARK: Sessions

    @Test func sessionsWithoutAReceiptAreNamed() {
        var scribe = Scribe()
        scribe.add(.sampleStart, .opened(.sample(0)), .opened(.sample(1)), .receipt(.sample(0)), .opened(.sample(2)))
        let verdict = verify(scribe.lines)
        #expect(verdict.unfinished.keys.sorted() == ["session-1", "session-2"])
        let session = verdict.unfinished["session-1"]
        #expect(session?.tenant == "acme" && session?.zone == "eu" && session?.endpoint == "wss://eu.example/v3/ws")
        #expect(session?.place == ReceiptPlace(file: "0.jsonl", line: 3))
    }

    // MARK: Files

    @Test(arguments: 1..<11) func filesInOrderAreOneLog(cut: Int) {
        let verdict = verify(Array(lines[..<cut]), Array(lines[cut...]), keys: [sample.key.verifier])
        #expect(verdict.isWhole && verdict.files == 2 && verdict.lines == 11)
        let later = verify(Array(lines[cut...]), keys: [sample.key.verifier])
        #expect(later.isWhole && later.first == cut)
        let wrong = verify(Array(lines[cut...]), Array(lines[..<cut]))
        #expect(wrong.faults.first?.place == ReceiptPlace(file: "1.jsonl", line: 1))
    }

    @Test func aFileThatBeginsAnotherLogIsAFaultUnlessItMay() {
        let other = Scribe.sample().lines
        #expect(verify(lines, other).faults.map(\.kind) == [.newLog])
        let allowed = verify(lines, other, mayBeginAnew: true)
        #expect(allowed.isWhole && allowed.newLogs == 1)
        #expect(verify(lines + other, mayBeginAnew: true).faults.map(\.kind) == [.newLog], "not inside a file")
    }

    // MARK: Torn lines

    @Test func aLastLineCutOffAnywhereIsTornAndNoFault() {
        let whole = Array(lines.joined(separator: [0x0A]))
        let last = lines[10].count
        for left in 0...last {
            let verdict = verify(bytes: Array(whole.dropLast(last - left)))
            #expect(verdict.isWhole, "\(left) bytes left: \(verdict.faults)")
            #expect((verdict.tornTail?.line == 11) == (left > 0 && left < last), "\(left) bytes left")
            #expect(verdict.isClosed == (left == last))
        }
    }

    @Test func aTornLineIsVouchedForByTheNext() throws {
        for left in 1..<lines[4].count {
            let torn = Array(lines[4].prefix(left))
            var scribe = Scribe(ReceiptChain(after: try #require(parsed(lines[3]))))
            let vouched = ReceiptEntry.recovered(.init(time: noon, bytes: torn.count, hash: hash(torn)))
            scribe.add(vouched, .sampleStart)
            let verdict = verify(lines[..<4] + [torn] + scribe.lines)
            #expect(verdict.isWhole && verdict.recovered == 1, "\(verdict.faults)")
            // In the next file, when the torn one was rotated away.
            #expect(verify(lines[..<4] + [torn], scribe.lines).isWhole)
            #expect(verify(scribe.lines).isWhole, "the torn line may be in a file that was not given")

            var altered = torn
            altered[left - 1] ^= 1
            #expect(verify(lines[..<4] + [altered] + scribe.lines).firstLine == 5)
            #expect(verify(lines[..<4] + scribe.lines).faults.map(\.kind) == [.altered], "what is vouched for is gone")
        }
    }

    @Test func aTornLineThatNobodyVouchesForIsAFault() {
        let verdict = verify(lines[..<4] + [Array(lines[4].prefix(40))] + lines[5...])
        #expect(verdict.faults.map(\.kind) == [.torn] && verdict.firstLine == 5)
    }

    @Test func faultsAreKeptUpToABoundAndCountedBeyondIt() {
        let verdict = verify(Array(repeating: Array("nonsense".utf8), count: 1000))
        #expect(verdict.faultCount >= ReceiptVerdict.maxFaults && verdict.faults.count == ReceiptVerdict.maxFaults)
    }
}
