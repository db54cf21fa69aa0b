import Bytes
import Testing
import WebSocket

@testable import RelayCore

@Suite struct PassageTests {
    // MARK: Runs

    @Test func consecutiveFramesLeaveInOnePiece() {
        var passage = Passage(from: .client, messageBytes: 1 << 20)
        let bytes = Client.audio(100) + Client.audio(50) + Client.text(longText)
        #expect(read(bytes, &passage).runs == [bytes])
    }

    @Test func aControlFrameDividesARun() {
        var passage = Passage(from: .client, messageBytes: 1 << 20)
        let result = read(
            Client.audio(5) + Client.pong + Client.audio(6) + Client.ping("x") + Client.audio(7), &passage)
        #expect(result.runs == [Client.audio(5), Client.audio(6), Client.audio(7)])
        #expect(result.notices == [.ping(Array("x".utf8))])
    }

    @Test func aHeaderInTwoReadsPassesWhole() {
        let bytes = Client.audio(70_000)
        for split in 1..<14 {
            var passage = Passage(from: .client, messageBytes: 1 << 20)
            #expect(read(Array(bytes[..<split]), &passage).runs == [])
            #expect(read(Array(bytes[split...]), &passage).runs.flatMap(\.self) == bytes)
        }
    }

    // MARK: Held texts

    @Test(arguments: [(0, true), (100, true), (512, true), (513, false), (5000, false)])
    func aTextIsHeldUpToTheLimit(length: Int, isHeld: Bool) {
        var passage = Passage(from: .client, messageBytes: 1 << 20)
        let frame = Client.text(String(repeating: "x", count: length))
        let early = read(Array(frame.dropLast()), &passage).runs.flatMap(\.self)
        #expect(early == (isHeld ? [] : Array(frame.dropLast())))
        #expect(early + read(Array(frame.suffix(1)), &passage).runs.flatMap(\.self) == frame)
    }

    @Test func aTextInFragmentsIsHeldUntilItIsTooLarge() {
        var passage = Passage(from: .client, messageBytes: 1 << 20)
        let first = Client.text(String(repeating: "x", count: 400), fin: false)
        let second = Client.more(Client.sound(200))
        #expect(read(first, &passage).runs == [])
        #expect(read(second, &passage).runs == [first, second])
        #expect(read(Client.more([1], fin: true), &passage).runs == [Client.more([1], fin: true)])
    }

    @Test func emptyFragmentsAreNotHeldWithoutEnd() {
        var passage = Passage(from: .client, messageBytes: 1 << 20)
        var sent = Client.text("", fin: false)
        var passed = read(sent, &passage).runs.flatMap(\.self)
        for _ in 0..<1000 {
            sent += Client.more([])
            passed += read(Client.more([]), &passage).runs.flatMap(\.self)
            #expect(sent.count - passed.count <= 2 * ProviderMessage.limit)
        }
        #expect(passed == sent)
    }

    @Test func aMessageToActUponWaitsToBeReleasedOrDropped() {
        for isReleased in [true, false] {
            var passage = Passage(from: .client, messageBytes: 1 << 20)
            let result = read(Client.audio(3) + Client.terminate, &passage)
            #expect(result.runs == [Client.audio(3)])
            #expect(result.notices == [.message(.terminate)])
            var released: [UInt8] = []
            if isReleased { passage.release { released += [UInt8]($0) } } else { passage.drop() }
            passage.release { released += [UInt8]($0) }
            #expect(released == (isReleased ? Client.terminate : []))
            #expect(read(Client.audio(4), &passage).runs == [Client.audio(4)])
        }
    }

    @Test func withoutALimitNothingIsLookedAt() {
        var passage = Passage(from: .client, messageBytes: 1 << 20)
        passage.recognitionLimit = 0
        let result = read(Client.terminate + Client.text("", fin: false) + Client.more([1], fin: true), &passage)
        #expect(
            result.runs.flatMap(\.self) == Client.terminate + Client.text("", fin: false) + Client.more([1], fin: true))
        #expect(result.notices == [])
    }

    // MARK: The destination

    struct Place: Sendable {
        let bytes: [UInt8]
        var owed: UInt64 = 0
        var isInsideMessage = false
        var wantsLastFragment = false
    }

    static let places = [
        Place(bytes: []), Place(bytes: Client.audio(100)), Place(bytes: Client.audio(0)),
        Place(bytes: Array(Client.audio(100).prefix(5))),
        Place(bytes: Array(Client.audio(100).prefix(6)), owed: 100, isInsideMessage: true),
        Place(bytes: Array(Client.audio(100).prefix(7)), owed: 99, isInsideMessage: true),
        Place(bytes: Client.audio(100, fin: false), isInsideMessage: true, wantsLastFragment: true),
        Place(bytes: Client.audio(0, fin: false), isInsideMessage: true, wantsLastFragment: true),
        Place(bytes: Client.audio(9, fin: false) + Client.ping("x"), isInsideMessage: true, wantsLastFragment: true),
        Place(
            bytes: Client.audio(9, fin: false) + Client.more([1, 2], fin: true).dropLast(), owed: 1,
            isInsideMessage: true),
        Place(bytes: Client.audio(9, fin: false) + Client.more([1, 2], fin: true)),
        Place(bytes: Client.audio(9, fin: false) + Client.more([], fin: true)),
        Place(bytes: Array(Client.text("held").dropLast())), Place(bytes: Client.text("held", fin: false)),
        Place(bytes: Array(Client.ping("x").dropLast())),
    ]

    @Test(arguments: places)
    func theDestinationKnowsWhereAFrameOfOursMayStand(place: Place) {
        var passage = Passage(from: .client, messageBytes: 1 << 20)
        _ = read(place.bytes, &passage)
        let destination = passage.destination
        #expect(destination.owed == place.owed)
        #expect(destination.mayTakeControlFrame == (place.owed == 0))
        #expect(destination.mayTakeMessage == !place.isInsideMessage)
        #expect(destination.wantsLastFragment == place.wantsLastFragment)
    }

    @Test func afterItIsShutFramesAreReadAndNothingPasses() {
        var passage = Passage(from: .upstream, messageBytes: 1 << 20)
        passage.shut()
        let result = read(
            Upstream.turn + Upstream.frame(.binary, [1]) + Upstream.text("x") + Upstream.termination, &passage)
        #expect(result.runs == [])
        #expect(result.notices == [.message(.termination(sessionSeconds: 7))])
        passage.release { _ in Issue.record("released") }
    }

    @Test func aBoundaryIsReportedOnlyWhenSomethingWaitsForIt() {
        for isWanted in [true, false] {
            var passage = Passage(from: .client, messageBytes: 1 << 20)
            _ = read(Array(Client.audio(100).prefix(50)), &passage)
            passage.reportsBoundary = isWanted
            let result = read(Array(Client.audio(100).dropFirst(50)), &passage)
            #expect(result.notices == (isWanted ? [.boundary] : []))
        }
    }

    // MARK: Counting, and breaches

    @Test func dataFramesAreCountedAndNothingElse() {
        var passage = Passage(from: .client, messageBytes: 1 << 20)
        _ = read(
            Client.audio(100) + Client.ping("xyz") + Client.text("ab", fin: false) + Client.more([1], fin: true),
            &passage)
        #expect(passage.meter == Meter(frames: 3, bytes: 103))
    }

    @Test func whatCameBeforeABreachPasses() {
        var passage = Passage(from: .client, messageBytes: 10)
        let result = read(Client.audio(6, fin: false) + Client.more(Client.sound(5)), &passage)
        #expect(result.runs == [Client.audio(6, fin: false)])
        #expect(result.notices == [.breach(.messageTooBig)])
    }

    @Test func aTooLargeMessageIsABreachWithItsHeader() {
        var passage = Passage(from: .client, messageBytes: 1000)
        let header = Array(Client.audio(1001).prefix(8))
        #expect(read(header, &passage).notices == [.breach(.messageTooBig)])
    }

    // MARK: Helpers

    private let longText = String(repeating: "x", count: 600)

    private func read(_ bytes: [UInt8], _ passage: inout Passage) -> (runs: [[UInt8]], notices: [Notice]) {
        var runs: [[UInt8]] = []
        var notices: [Notice] = []
        var offset = 0
        while let notice = passage.scan(bytes.span.bytes, from: &offset, forward: { runs.append([UInt8]($0)) }) {
            notices.append(notice)
            if case .breach = notice { break }
        }
        return (runs, notices)
    }
}
