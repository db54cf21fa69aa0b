import Policy
import Testing
import WebSocket

@testable import RelayCore

@Suite struct RelayingTests {
    // MARK: Data frames

    @Test func dataPassesUnchangedAndInOrder() {
        let play = Playbook.relaying()
        let up = [
            Client.audio(1600), Client.text("[]"), Client.audio(0), Client.audio(3, fin: false), Client.more([]),
            Client.more([1, 2], fin: true), Client.audio(70_000),
        ].flatMap(\.self)
        play.when(.client, sends: up, then: .up(up))
        let down = [
            Upstream.turn, Upstream.frame(.binary, [0, 255]), Upstream.text("a", fin: false),
            Upstream.more("b", fin: true),
        ]
        .flatMap(\.self)
        play.when(.upstream, sends: down, then: .down(down))
    }

    @Test func aFrameIsForwardedAsItArrivesAndNotWhenItIsWhole() {
        let play = Playbook.relaying()
        let frame = Client.audio(1000)
        play.when(.client, sends: Array(frame[..<500]), then: .up(Array(frame[..<500])))
        play.when(.client, sends: Array(frame[500...]), then: .up(Array(frame[500...])))
    }

    // MARK: Control frames

    @Test(arguments: ["", "hello", String(repeating: "x", count: 125)])
    func pingsAreAnsweredByTheRelayAndPongsEndHere(payload: String) {
        let play = Playbook.relaying()
        let pong = OwnFrame.pong(Array(payload.utf8))
        play.when(.client, sends: Client.ping(payload), then: .send(.client, pong))
        play.when(.upstream, sends: Upstream.ping(payload), then: .send(.upstream, pong))
        play.when(.client, sends: Client.pong)
        play.when(.upstream, sends: Upstream.pong)
    }

    @Test func controlFramesBetweenFragmentsDoNotPass() {
        let play = Playbook.relaying()
        play.when(
            .client, sends: Client.audio(5, fin: false), Client.ping("p"), Client.pong, Client.more([9], fin: true),
            then: .up(Client.audio(5, fin: false)), .send(.client, .pong(Array("p".utf8))),
            .up(Client.more([9], fin: true)))
    }

    @Test func aPongWaitsForTheEndOfTheFrameThatPasses() {
        let play = Playbook.relaying()
        let frame = Client.audio(1000, fin: false)
        play.when(.client, sends: Array(frame[..<500]), then: .up(Array(frame[..<500])))
        play.when(.upstream, sends: Upstream.ping("1"), Upstream.ping("2"))
        play.when(.client, sends: Array(frame[500..<900]), then: .up(Array(frame[500..<900])))
        play.when(
            .client, sends: Array(frame[900...]), Client.more([7]),
            then: .up(Array(frame[900...])), .send(.upstream, .pong(Array("2".utf8))), .up(Client.more([7])))
    }

    @Test func aPongWaitsForRoom() {
        let play = Playbook.relaying()
        play.when(64 << 10, waitFor: .client, then: .pause(.upstream))
        play.when(.client, sends: Client.ping("1"), Client.ping("2"))
        play.when(70 << 10, waitFor: .client)
        play.when(63 << 10, waitFor: .client, then: .send(.client, .pong(Array("2".utf8))))
        play.when(.client, sends: Client.ping("3"), then: .send(.client, .pong(Array("3".utf8))))
    }

    @Test func aPongThatFindsRoomInTheMiddleOfAFrameWaitsForItsEnd() {
        let play = Playbook.relaying()
        let frame = Upstream.frame(.binary, Client.sound(1000))
        play.when(.upstream, sends: Array(frame[..<500]), then: .down(Array(frame[..<500])))
        play.when(64 << 10, waitFor: .client, then: .pause(.upstream))
        play.when(.client, sends: Client.ping("1"))
        play.when(0, waitFor: .client, then: .resume(.upstream))
        play.when(
            .upstream, sends: Array(frame[500...]), then: .down(Array(frame[500...])),
            .send(.client, .pong(Array("1".utf8))))
    }

    // MARK: What the client says

    static let terminations: [[UInt8]] = [
        Client.terminate, Client.text(#"{"type": "Terminate"}"#),
        Client.text("\n{ \"x\" : 1,\t\"type\" :\r\"Terminate\" }\n"),
        Client.text(#"{"x":{"type":"KeepAlive"},"type":"Terminate"}"#), Client.text(#"{"\u0074ype":"Termin\u0061te"}"#),
        Client.text(#"{"type":"#, fin: false) + Client.ping() + Client.more(Array(#""Terminate"}"#.utf8), fin: true),
        Client.text("", fin: false) + Client.more(Array(#"{"type":"Terminate"}"#.utf8)) + Client.more([], fin: true),
    ]

    @Test(arguments: terminations, [1, 3, Int.max])
    func aTerminateOfTheClientIsNotRepeated(message: [UInt8], size: Int) {
        let play = Playbook.relaying()
        play.arrives(message, from: .client, inPiecesOf: size)
        #expect(play.toUpstream.isInsideMessage == false)
        play.when(.legEnded(.client))
        play.when(.upstream, sends: Upstream.termination, then: .close(.upstream, 1001))
        play.when(.legEnded(.upstream), then: .conclude(.lost(.client)))
        #expect(play.summary?.terminatedBy == .client)
    }

    static let lookAlikes: [[UInt8]] = [
        Client.text(#"{"type":"Terminated"}"#), Client.text(#"{"type":"terminate"}"#),
        Client.text(#"{"x":{"type":"Terminate"}}"#), Client.text(#"["type","Terminate"]"#),
        Client.text(#"{"type":"Terminate"} x"#), Client.text(#"{"type":"Terminate""#),
        Client.text(#"{"type":["Terminate"]}"#),
        Client.text(#"{"type":"Terminate","type":"KeepAlive"}"#), Client.text(#"{"type":"Begin"}"#),
        Client.text(#"{"error":"x"}"#), Client.text(""), Client.text("Terminate"),
        Client.frame(.binary, Array(#"{"type":"Terminate"}"#.utf8)),
        Client.text(#"{"type":"Terminate","x":""# + String(repeating: "x", count: 512) + #""}"#),
    ]

    @Test(arguments: lookAlikes, [1, 7, Int.max])
    func whatOnlyResemblesATerminateIsNone(message: [UInt8], size: Int) {
        let play = Playbook.relaying()
        play.when(.client, sends: message, inPiecesOf: size, then: .up(message))
        play.when(.legEnded(.client), then: .terminate)
    }

    @Test func aTerminateThatTheProviderSendsMeansNothing() {
        let play = Playbook.relaying()
        let message = Upstream.text(#"{"type":"Terminate"}"#)
        play.when(.upstream, sends: message, then: .down(message))
        play.when(.legEnded(.client), then: .terminate)
    }

    // MARK: What the provider says

    static let begins: [[UInt8]] = [
        Upstream.begin, Upstream.text(#"{ "id": "x", "type" : "Begin" }"#),
        Upstream.text(#"{"type":"Be"#, fin: false) + Upstream.ping() + Upstream.more(#"gin"}"#, fin: true),
        Upstream.text(#"{"type":"Begin","configuration":{"prompt":""# + String(repeating: "x", count: 4000) + #""}}"#),
    ]

    @Test(arguments: begins, [1, 5, Int.max])
    func theProvidersFirstWordPassesAndIsNotWaitedForAnyMore(begin: [UInt8], size: Int) {
        let play = Playbook.opened()
        #expect(play.timeToDeadline == .seconds(10))
        play.arrives(begin, from: .upstream, inPiecesOf: size)
        #expect(play.toClient.frames.contains { $0.opcode != .pong })
        #expect(play.timeToDeadline == .seconds(20))
    }

    static let keyRejections: [[UInt8]] = [
        Upstream.error(1008), Upstream.text(#"{ "error" : "Unauthorized", "error_code" : 1008 }"#),
        Upstream.text(#"{"error":"key tg sk-1234 is unknown","error_code":1008,"#, fin: false)
            + Upstream.more(#""type":"Error"}"#, fin: true),
        Upstream.close(1008, "See Error message for details"),
    ]

    @Test(arguments: keyRejections, [1, 6, Int.max])
    func aRejectionOfTheRelaysKeyIsNotTheClients(words: [UInt8], size: Int) {
        let play = Playbook.opened()
        let sentence = "The speech provider refused the relay's request. The relay's operator must look at its key."
        let effects = play.arrives(words, from: .upstream, inPiecesOf: size)
        #expect(
            Array(effects.prefix(3)) == [
                .reportRefusedKey("us1.example", .current), .error(4502, sentence, "upstream-refused"),
                .close(.client, 4502, sentence),
            ])
        #expect(play.toClient.frames.count == 2)
        #expect(play.toUpstream.texts == [])
        play.arrives(Upstream.close(1008), from: .upstream)
        play.when(.client, sends: Client.close(4502), then: .finish(.client), .conclude(.refused(.upstreamRefused)))
        #expect(play.summary?.refusal == Refusal(.upstreamRefused, sentence))
        #expect(play.summary?.terminatedBy == nil)
    }

    @Test(arguments: [1011, 3005, 3006, 3007, 3009, 4001])
    func otherErrorsBeforeBeginPassUntouchedWithTheirClose(code: UInt16) {
        let play = Playbook.opened()
        let error = Upstream.error(Int(code))
        play.when(.upstream, sends: error, then: .down(error))
        play.when(
            .upstream, sends: Upstream.close(code, "See Error"), then: .close(.client, code, "See Error"),
            .close(.upstream, code, "See Error"), .finish(.upstream))
        play.when(
            .client, sends: Client.close(code), then: .finish(.client),
            .conclude(.upstreamClosed(code: CloseCode(rawValue: code))))
    }

    @Test func aRejectionAfterBeginIsTheClients() {
        let play = Playbook.relaying()
        play.when(.upstream, sends: Upstream.error(1008), then: .down(Upstream.error(1008)))
        play.when(
            .upstream, sends: Upstream.close(1008), then: .close(.client, 1008), .close(.upstream, 1008),
            .finish(.upstream))
    }

    @Test func afterAnErrorNothingIsLeftToTerminate() {
        let play = Playbook.relaying()
        play.when(.upstream, sends: Upstream.error(3006), then: .down(Upstream.error(3006)))
        play.when(.legEnded(.client), then: .close(.upstream, 1001))
    }

    static let notErrors: [[UInt8]] = [
        Upstream.turn, Upstream.text(#"{"type":"Warning","warning_code":3001,"warning":"Error"}"#),
        Upstream.text(#"{"type":"Turn","error":"x","error_code":1008}"#), Upstream.text(#"{"x":{"error":"y"}}"#),
        Upstream.text(#"{"error":1008}"#), Upstream.frame(.binary, Array(#"{"type":"Error"}"#.utf8)),
    ]

    @Test(arguments: notErrors)
    func whatOnlyResemblesAnErrorIsNone(message: [UInt8]) {
        let play = Playbook.opened()
        play.when(.upstream, sends: message, then: .down(message))
        play.when(.legEnded(.client), then: .terminate)
    }

    @Test func theMessagesOfAnotherProviderMeanNothing() {
        let play = Playbook.opened(.generic(onClientLoss: "bye"))
        for message in [Upstream.error(1008), Upstream.text(#"{"error":"x"}"#), Upstream.termination, Upstream.begin] {
            play.when(.upstream, sends: message, then: .down(message))
        }
        play.when(.client, sends: Client.terminate, then: .up(Client.terminate))
        play.when(.legEnded(.client), then: .send(.upstream, .text("bye")), .close(.upstream, 1001))
        play.when(.upstream, sends: Upstream.close(1001), then: .finish(.upstream), .conclude(.lost(.client)))
        #expect(play.summary?.billedSeconds == nil)
    }

    @Test func aWholeSessionEndsAsTheProviderEndsIt() throws {
        let play = Playbook.relaying()
        play.when(.client, sends: Client.audio(3200), then: .up(Client.audio(3200)))
        play.when(.upstream, sends: Upstream.turn, then: .down(Upstream.turn))
        play.when(.client, sends: Client.terminate, then: .up(Client.terminate))
        play.when(
            .upstream, sends: Upstream.turn, Upstream.termination, then: .down(Upstream.turn + Upstream.termination))
        play.when(
            .upstream, sends: Upstream.close(1000, "Session Ended"), then: .close(.client, 1000, "Session Ended"),
            .close(.upstream, 1000, "Session Ended"), .finish(.upstream))
        play.when(
            .client, sends: Client.close(1000), then: .finish(.client), .conclude(.upstreamClosed(code: .normal)))
        let summary = try #require(play.summary)
        #expect(summary.billedSeconds == 7)
        #expect(summary.terminatedBy == .client)
        #expect(summary.up == Meter(frames: 2, bytes: 3220))
    }

    // MARK: Close frames

    static let codes: [UInt16] = [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3008, 4000, 4999,
    ]

    @Test(arguments: codes)
    func aCloseOfTheProviderPassesWithItsCodeAndReason(code: UInt16) {
        let play = Playbook.relaying()
        let reason = String(repeating: "r", count: 123)
        play.when(
            .upstream, sends: Upstream.close(code, reason), then: .close(.client, code, reason),
            .close(.upstream, code, reason), .finish(.upstream))
    }

    @Test(arguments: codes)
    func aCloseOfTheClientPassesWithItsCodeAndReason(code: UInt16) {
        let play = Playbook.relaying(.generic())
        play.when(.client, sends: Client.close(code, "why"), then: .close(.upstream, code, "why"))
    }

    @Test func aCloseWithoutACodePassesWithoutOne() {
        let one = Playbook.relaying()
        one.when(
            .upstream, sends: Upstream.emptyClose, then: .emptyClose(.client), .emptyClose(.upstream),
            .finish(.upstream))
        one.when(.client, sends: Client.emptyClose, then: .finish(.client), .conclude(.upstreamClosed(code: nil)))
        let other = Playbook.relaying(.generic())
        other.when(.client, sends: Client.emptyClose, then: .emptyClose(.upstream))
    }

    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
    func aCloseWithACodeThatMayNotBeSentIsABreach(code: UInt16) {
        let play = Playbook.relaying()
        let sentence = "The code of the Close frame may not be sent."
        play.when(
            .client, sends: Client.close(code), then: .error(1002, sentence, "client-violation"),
            .close(.client, 1002, sentence), .finish(.client), .terminate)
    }

    @Test func theClientsCloseIsAnsweredAtOnceAndTheProviderHearsTerminateFirst() {
        let play = Playbook.relaying()
        play.when(
            .client, sends: Client.close(1000, "done"), then: .close(.client, 1000, "done"), .finish(.client),
            .terminate)
        play.when(.upstream, sends: Upstream.turn)
        play.when(.upstream, sends: Upstream.termination, then: .close(.upstream, 1000, "done"))
        play.when(
            .upstream, sends: Upstream.close(1000), then: .finish(.upstream), .conclude(.clientClosed(code: .normal)))
    }

    @Test func theClientsCloseInTheMiddleOfAFrameOnItsWayDownCutsTheClientOff() {
        let play = Playbook.relaying()
        let frame = Upstream.frame(.binary, Client.sound(500))
        play.when(.upstream, sends: Array(frame[..<100]), then: .down(Array(frame[..<100])))
        play.when(.client, sends: Client.close(1000), then: .abort(.client), .terminate)
        play.when(.upstream, sends: Array(frame[100...]), Upstream.termination, then: .close(.upstream, 1000))
    }

    @Test func whereTheProviderNeedsNoTerminateTheClientsCloseWaitsForItsAnswer() {
        let play = Playbook.relaying(.generic())
        play.when(.client, sends: Client.close(1000, "done"), then: .close(.upstream, 1000, "done"))
        play.when(.client, sends: Client.audio(), Client.ping())
        let last = Upstream.text("the last words")
        play.when(.upstream, sends: last, then: .down(last))
        play.when(.upstream, sends: Upstream.ping("x"))
        play.when(
            .upstream, sends: Upstream.close(1000, "done"), then: .close(.client, 1000, "done"), .finish(.client),
            .finish(.upstream), .conclude(.clientClosed(code: .normal)))
    }

    @Test func afterTheTerminationTheClientsClosePassesToo() {
        let play = Playbook.relaying()
        play.when(.client, sends: Client.terminate, then: .up(Client.terminate))
        play.when(.upstream, sends: Upstream.termination, then: .down(Upstream.termination))
        play.when(.client, sends: Client.emptyClose, then: .emptyClose(.upstream))
        play.when(
            .upstream, sends: Upstream.close(1000, "Session Ended"), then: .close(.client, 1000, "Session Ended"),
            .finish(.client), .finish(.upstream), .conclude(.clientClosed(code: nil)))
    }

    @Test func anOperatorEndsASessionOnce() {
        let play = Playbook.relaying()
        let sentence = "The relay's operator ended the session."
        play.when(
            .dismiss, then: .error(1001, sentence, "admin"), .close(.client, 1001, sentence), .terminate)
        play.when(.dismiss)
        play.when(.client, sends: Client.close(1001), then: .finish(.client))
        play.when(.upstream, sends: Upstream.termination, then: .close(.upstream, 1001))
        play.when(.upstream, sends: Upstream.close(1000), then: .finish(.upstream), .conclude(.dismissed))
    }

    @Test func anotherProvidersMessageForALostClientGoesBeforeTheClose() {
        let play = Playbook.relaying(.generic(onClientLoss: "bye"))
        play.when(.client, sends: Client.close(1000), then: .send(.upstream, .text("bye")), .close(.upstream, 1000))
    }

    @Test func theMessageThatTheClientLeftOpenIsCompletedBeforeAnother() {
        let play = Playbook.relaying(.generic(onClientLoss: "bye"))
        play.when(
            .client, sends: Client.audio(5, fin: false), Client.close(1000), then: .up(Client.audio(5, fin: false)),
            .send(.upstream, .endOfMessage), .send(.upstream, .text("bye")), .close(.upstream, 1000))
        // What ends the session now must not be said behind that Close.
        play.when(.drain, then: .close(.client, 1012, "The relay restarts. Connect again."), .finish(.client))
        play.when(
            .upstream, sends: Upstream.close(1000), then: .finish(.upstream), .conclude(.clientClosed(code: .normal)))
    }

    @Test func aClientThatIsGoneAfterItsCloseIsNotAnswered() {
        let play = Playbook.relaying(.generic())
        play.when(.client, sends: Client.close(1000), then: .close(.upstream, 1000))
        play.when(.legEnded(.client))
        play.when(.upstream, sends: Upstream.text("late"))
        play.when(
            .upstream, sends: Upstream.close(1000), then: .finish(.upstream), .conclude(.clientClosed(code: .normal)))
    }

    @Test func whereTheProviderNeverAnswersTheClientsCloseTheRelayDoes() {
        let play = Playbook.relaying(.generic())
        play.when(.client, sends: Client.close(1000), then: .close(.upstream, 1000))
        play.when(
            in: .seconds(5), then: .abort(.upstream), .close(.client, 1000), .finish(.client),
            .conclude(.clientClosed(code: .normal)))
    }

    // MARK: Losses and breaches

    @Test func aLostUpstreamIsToldToTheClient() {
        let play = Playbook.relaying()
        let sentence = "The connection to the speech provider was lost."
        play.when(
            .legEnded(.upstream), then: .error(1014, sentence, "upstream-lost"), .close(.client, 1014, sentence))
        play.when(
            .client, sends: Client.audio(), Client.close(1014), then: .finish(.client), .conclude(.lost(.upstream)))
    }

    @Test func aMessageThatTheLostUpstreamLeftOpenIsFollowedByTheCloseAlone() {
        let play = Playbook.relaying()
        let start = Upstream.frame(.binary, [1, 2], fin: false)
        play.when(.upstream, sends: start, then: .down(start))
        play.when(.legEnded(.upstream), then: .close(.client, 1014, "The connection to the speech provider was lost."))
    }

    @Test func aFrameThatTheLostUpstreamLeftOpenCutsTheClientOff() {
        let play = Playbook.relaying()
        let start = Array(Upstream.frame(.binary, Client.sound(500)).prefix(100))
        play.when(.upstream, sends: start, then: .down(start))
        play.when(.legEnded(.upstream), then: .abort(.client), .conclude(.lost(.upstream)))
    }

    @Test func aLostClientIsTerminatedForAtTheProvider() {
        let play = Playbook.relaying()
        play.when(.legEnded(.client), then: .terminate)
        play.when(.upstream, sends: Upstream.turn, Upstream.termination, then: .close(.upstream, 1001))
        play.when(.upstream, sends: Upstream.close(1000), then: .finish(.upstream), .conclude(.lost(.client)))
    }

    static let breaches: [([UInt8], WebSocketError)] = [
        (Client.breach, .reservedBits), (Upstream.turn, .maskMissing), ([0x83, 0x80], .reservedOpcode),
        ([0x09, 0x80, 0, 0, 0, 0], .controlFragmented), ([0x89, 0xFE, 0, 126, 0, 0, 0, 0], .controlTooLong),
        ([0x80, 0x80, 0, 0, 0, 0], .continuationWithoutStart), ([0x82, 0xFE, 0, 1, 0, 0, 0, 0], .lengthNotMinimal),
        ([0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .lengthTooLarge),
        ([0x82, 0xFF, 0, 0, 0, 0, 0, 16, 0, 1, 0, 0, 0, 0], .messageTooBig),
        (Client.frame(.close, [3]), .closePayloadTooShort),
        (Client.frame(.close, [3, 232, 0xFF]), .closeReasonNotUTF8),
    ]

    @Test(arguments: breaches)
    func aBreachOfTheClientIsNamedToItAndEndsTheSession(bytes: [UInt8], error: WebSocketError) {
        let play = Playbook.relaying()
        let code = error.closeCode.rawValue
        play.when(
            .client, sends: Client.audio(5), bytes, Client.audio(),
            then: .up(Client.audio(5)), .error(Int(code), error.sentence, "client-violation"),
            .close(.client, code, error.sentence), .finish(.client), .terminate)
        play.when(.legEnded(.upstream), then: .conclude(.violated(.client, error)))
    }

    @Test func aBreachOfTheUpstreamEndsBothLegs() {
        let play = Playbook.relaying()
        let sentence = "The speech provider broke the WebSocket protocol."
        play.when(
            .upstream, sends: Upstream.turn, Upstream.breach, Upstream.turn,
            then: .down(Upstream.turn), .error(1014, sentence, "upstream-violation"), .close(.client, 1014, sentence),
            .terminate, .close(.upstream, 1002), .finish(.upstream))
        play.when(
            .client, sends: Client.close(1014), then: .finish(.client),
            .conclude(.violated(.upstream, .maskForbidden)))
    }

    @Test(
        arguments: [
            .requested(SessionRequest(ask: Ask(zone: .eu))), .rejected(.draining, .http),
            .identified(.tenant(.free)), .upgradeSent, .dialed(.somewhere),
            .dialFailed(DialFailure(.redirected, "")),
            .deadline,
        ] as [SessionEvent])
    func nothingElseDisturbs(event: SessionEvent) {
        let play = Playbook.relaying()
        play.when(event)
        play.when(.client, sends: Client.audio(), then: .up(Client.audio()))
    }
}
