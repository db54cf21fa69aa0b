import Synchronization
import Telemetry
import Testing

@Suite struct LogTests {
    @Test func aJSONLineIsOneObjectWithItsMembersInOrder() {
        #expect(
            line(.info, .sessionOpened, [.session("7f3a"), .tenant("acme"), .milliseconds(12)])
                == #"{"time":"T","level":"info","event":"session-opened","session":"7f3a","tenant":"acme","milliseconds":12}"#
                + "\n")
    }

    @Test func aTextLineQuotesTextsAndNotNumbers() {
        #expect(
            line(.warning, .dialFailed, [.zone("eu"), .kind("too-late"), .count(3)], format: .text)
                == #"T warning dial-failed zone="eu" kind="too-late" count=3"# + "\n")
    }

    @Test(arguments: [LogFormat.json, .text]) func aLineWithoutFieldsIsALine(_ format: LogFormat) {
        let expected = format == .json ? #"{"time":"T","level":"info","event":"stopped"}"# : "T info stopped"
        #expect(line(.info, .stopped, [], format: format) == expected + "\n")
    }

    @Test(arguments: [LogFormat.json, .text], hostileTexts)
    func noTextBecomesStructure(_ format: LogFormat, _ text: (raw: String, escaped: String)) {
        let written = line(.info, .refused, [.detail(text.raw)], format: format)
        let expected =
            format == .json
            ? #"{"time":"T","level":"info","event":"refused","detail":"\#(text.escaped)"}"#
            : #"T info refused detail="\#(text.escaped)""#
        #expect(written == expected + "\n")
        #expect(written.utf8.count { $0 < 0x20 } == 1, "the line feed at the end, and no other control character")
    }

    @Test(arguments: LogLevel.allCases) func whatIsLessSevereThanTheMinimumIsNotWritten(_ minimum: LogLevel) {
        let lines = Lines()
        let log = Log(minimum: minimum, timestamp: { "T" }, sink: lines.take)
        for level in LogLevel.allCases { log.write(level, .listening) }
        let expected = LogLevel.allCases.filter { $0 >= minimum }
        #expect(lines.all.count == expected.count)
        #expect(zip(lines.all, expected).allSatisfy { $0.contains(#""level":"\#($1.rawValue)""#) })
    }

    @Test func levelsAreOrderedBySeverity() {
        #expect(LogLevel.allCases.sorted() == [.debug, .info, .warning, .error])
    }

    @Test func fieldsThatAreNilAreLeftOut() {
        let lines = Lines()
        let tenant: LogField? = nil
        Log(minimum: .debug, format: .text, timestamp: { "T" }, sink: lines.take)
            .write(.info, .refused, .session("1"), tenant, .rule(4))
        #expect(lines.all == ["T info refused session=\"1\" rule=4\n"])
    }

    @Test func theClockIsAskedForEachLineThatIsWrittenAndForNoOther() {
        let asked = Mutex(0)
        let lines = Lines()
        let log = Log(
            minimum: .info, format: .text,
            timestamp: {
                asked.withLock {
                    $0 += 1
                    return "T\($0)"
                }
            }, sink: lines.take)
        log.write(.info, .listening)
        log.write(.debug, .connectionFailed)
        log.write(.info, .stopped)
        #expect(lines.all == ["T1 info listening\n", "T2 info stopped\n"])
    }

    @Test func countsBeyondASignedNumberAreCutToTheLargest() {
        #expect(
            line(.info, .sessionEnded, [.bytesUp(.max)], format: .text)
                == "T info session-ended bytes_up=9223372036854775807\n")
    }
}

private func line(_ level: LogLevel, _ event: LogEvent, _ fields: [LogField], format: LogFormat = .json) -> String {
    String(decoding: Log.line(level, event, fields, format: format, at: "T"), as: UTF8.self)
}

/// What a peer, a name server or a file could have put into a text.
private let hostileTexts: [(raw: String, escaped: String)] = [
    (#"","level":"error"#, #"\",\"level\":\"error"#),
    ("one\ntwo\r\nthree", #"one\ntwo\r\nthree"#),
    ("\u{1B}[2Jgone\u{07}\u{00}", #"\u001b[2Jgone\u0007\u0000"#),
    (#"a\b"#, #"a\\b"#),
    ("détail 長い 🌊", "détail 長い 🌊"),
    ("", ""),
]

/// A sink that keeps what it takes.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    @Sendable func take(_ line: [UInt8]) {
        lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
    }
}
