import Bytes
import HTTP
import StandIn
import Testing
import Timing
import WebSocket

@testable import HTTP2

@Suite struct HTTP2ConnectionTests {
    // RFC 9113 §3.4, RFC 8441 §3
    @Test func theServerBeginsWithItsSettings() {
        let pair = Pair(HTTP2Settings(maxConcurrentStreams: 7, streamWindowBytes: 1 << 17))
        #expect(pair.server.wantsToSend)
        pair.exchange()
        #expect(pair.client.takeEvents() == [.configured])
        #expect(pair.client.mayOpenWebSockets)
        #expect(!pair.server.wantsToSend)
        #expect(!pair.server.isFinished)
        #expect(pair.recorder.events.isEmpty)
    }

    @Test func aRequestIsReportedAndAnswered() throws {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200, fields: ["X-A": "b"]), isLast: false)
            server.send(Array("hello".utf8).span.bytes, on: stream)
            server.finish(stream)
        }
        let stream = try pair.get("/v3/token?expires_in_seconds=60", ["Authorization": "tg_1"])
        pair.exchange()
        let fields: HeaderFields = ["Host": "stt.example.com", "authorization": "tg_1"]
        let head = RequestHead(
            method: "GET", target: try RequestTarget("/v3/token?expires_in_seconds=60"), version: .http2, fields: fields
        )
        #expect(pair.recorder.events == [.requested(head, stream, isLast: true), .closed(stream, .noError)])
        let answer = pair.client.answer(on: stream)
        #expect(answer.head == ResponseHead(status: 200, fields: ["x-a": "b"]))
        #expect(answer.bytes == Array("hello".utf8))
        #expect(answer.end == .noError)
        #expect(pair.server.streamCount == 0)
    }

    @Test func anAnswerWithoutABodyEndsItsStreamAtOnce() throws {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 204), isLast: true)
        }
        let stream = try pair.get()
        pair.exchange()
        #expect(
            pair.client.takeEvents().suffix(2) == [
                .answered(ResponseHead(status: 204), on: stream, isLast: true), .closed(stream, .noError),
            ])
    }

    // RFC 8441 §5
    @Test func aWebSocketIsOpenedAndCarriesBytesBothWays() throws {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, head, stream in
            guard let upgrade = try? OpeningHandshake.check(head) else { return }
            server.respond(
                to: stream, with: OpeningHandshake.response(to: upgrade, subprotocol: "tidegate.v1"), isLast: false)
        }
        pair.recorder.onBytes = { server, bytes, stream in
            server.send(bytes.span.bytes, on: stream)
            server.consumed(bytes.count, of: stream)
        }
        pair.recorder.onEnd = { server, stream in server.finish(stream) }
        let stream = pair.client.request(
            OpeningHandshake.connectRequest(
                target: try RequestTarget("/v3/ws?a=1"), host: "stt.example.com",
                fields: ["Sec-WebSocket-Protocol": "tidegate.v1, bearer.x"]), isLast: false)
        pair.client.send(Array("some audio".utf8), on: stream)
        pair.exchange()
        pair.client.finish(stream)
        pair.exchange()
        let answer = pair.client.answer(on: stream)
        let head = try #require(answer.head)
        #expect(try OpeningHandshake.verifyConnect(head, offeredSubprotocols: ["tidegate.v1"]) == "tidegate.v1")
        #expect(answer.bytes == Array("some audio".utf8))
        #expect(answer.end == .noError)
    }

    /// One definition of a lively connection, for everything that must not depend on how bytes are cut.
    private func story(piece: Int, limit: Int = 16 << 10) throws -> (Pair, [HTTP2ClientEvent]) {
        let pair = Pair()
        pair.recorder.onRequest = { server, head, stream in
            guard head.protocol != nil else {
                server.respond(to: stream, with: ResponseHead(status: 404), isLast: false)
                server.send(Array("nothing here".utf8).span.bytes, on: stream)
                return server.finish(stream)
            }
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
        }
        pair.recorder.onBytes = { server, bytes, stream in
            server.send(bytes.span.bytes, on: stream)
            server.consumed(bytes.count, of: stream)
        }
        pair.recorder.onEnd = { server, stream in server.finish(stream) }
        pair.exchange(piece: piece, limit: limit)
        var events: [HTTP2ClientEvent] = pair.client.takeEvents()
        let sockets = try (0..<3).map { number in
            pair.client.request(
                OpeningHandshake.connectRequest(target: try RequestTarget("/v3/ws?n=\(number)"), host: "a"),
                isLast: false)
        }
        for (number, socket) in sockets.enumerated() {
            pair.client.send([UInt8](repeating: UInt8(number), count: 40_000 * number + 5), on: socket)
        }
        _ = try pair.get("/nothing")
        pair.exchange(piece: piece, limit: limit)
        pair.client.finish(sockets[0])
        pair.client.reset(sockets[1])
        pair.exchange(piece: piece, limit: limit)
        events += pair.client.takeEvents()
        return (pair, events)
    }

    @Test(arguments: [1, 2, 3, 7, 9, 10, 64, 1000, 16_393]) func anySplitOfTheBytesGivesTheSame(piece: Int) throws {
        let (whole, wholeEvents) = try story(piece: .max)
        let (cut, cutEvents) = try story(piece: piece)
        #expect(whole.failure == nil)
        #expect(cut.failure == nil)
        #expect(cut.recorder.events == whole.recorder.events)
        #expect(joined(cutEvents) == joined(wholeEvents))
    }

    @Test(arguments: [1, 100, 5000, .max]) func howMuchIsTakenAtATimeChangesNothing(limit: Int) throws {
        let (cut, events) = try story(piece: .max, limit: limit)
        let (whole, wholeEvents) = try story(piece: .max)
        #expect(byStream(cut.recorder.events) == byStream(whole.recorder.events))
        for stream in [1, 3, 5, 7] {
            let id = HTTP2StreamID(rawValue: Int32(stream))
            #expect(of(id, events) == of(id, wholeEvents))
        }
    }

    @Test func takeStopsOneFrameBehindItsLimit() throws {
        let pair = Pair.opened(client: largeWindows)
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
            server.send([UInt8](repeating: 1, count: 200_000).span.bytes, on: stream)
        }
        let stream = try pair.get()
        pair.carryToServer()
        var output = ByteQueue()
        pair.server.take(into: &output, limit: 20_000)
        #expect((20_000...20_000 + 16_384 + 9).contains(output.count))
        #expect(pair.server.wantsToSend)
        #expect(pair.server.queuedBytes(of: stream) > 160_000)
        let before = output.count
        pair.server.take(into: &output, limit: 20_000)
        #expect(output.count == before)
        pair.server.take(into: &output, limit: before + 1)
        #expect(output.count == before + 16_384 + 9)
    }

    @Test func theDelegateHearsThatSomethingWasWrittenOnceATake() throws {
        let pair = Pair.opened(client: largeWindows)
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
            server.send([UInt8](repeating: 1, count: 100_000).span.bytes, on: stream)
        }
        let stream = try pair.get()
        pair.carryToServer()
        #expect(pair.recorder.wrote[stream] == nil)
        pair.carryToClient(limit: .max)
        #expect(pair.recorder.wrote[stream] == 1)
        #expect(pair.server.queuedBytes(of: stream) == 0)
    }

    @Test func whatIsQueuedBehindAnEndIsDropped() throws {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, _, stream in
            server.send(([1] as [UInt8]).span.bytes, on: stream)
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
            server.send(([2] as [UInt8]).span.bytes, on: stream)
            server.finish(stream)
            server.send(([3] as [UInt8]).span.bytes, on: stream)
            server.respond(to: stream, with: ResponseHead(status: 500), isLast: true)
        }
        let stream = try pair.get()
        pair.exchange()
        let answer = pair.client.answer(on: stream)
        #expect(answer.head?.status == 200)
        #expect(answer.bytes == [2])
    }

    // RFC 9113 §8.1
    @Test func lastWordsGoBeforeAResetThatStandsBehindThem() throws {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
            server.send(Array("last words".utf8).span.bytes, on: stream)
            server.finish(stream, thenReset: .cancel)
        }
        let stream = pair.client.request(
            [(":method", "POST"), (":scheme", "https"), (":path", "/"), (":authority", "a")], isLast: false)
        pair.exchange()
        let events = pair.client.takeEvents()
        #expect(
            events.suffix(3) == [
                .received(Array("last words".utf8), on: stream), .ended(stream), .closed(stream, .cancel),
            ])
        #expect(pair.recorder.events.last == .closed(stream, .cancel))
    }

    @Test func aResetDoesNotWaitForWhatIsQueued() throws {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
            server.send(Array("last words".utf8).span.bytes, on: stream)
            server.reset(stream, .internalError)
            server.send(([1] as [UInt8]).span.bytes, on: stream)
        }
        let stream = try pair.get()
        pair.exchange()
        #expect(pair.client.takeEvents().last == .closed(stream, .internalError))
        #expect(pair.recorder.events.last == .closed(stream, .internalError))
        #expect(pair.failure == nil)
    }

    @Test func aStreamThatTheClientResetsIsGone() throws {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
            server.send([UInt8](repeating: 1, count: 1 << 20).span.bytes, on: stream)
        }
        let stream = try pair.get()
        pair.exchange(limit: 1)
        pair.client.reset(stream)
        pair.exchange()
        #expect(pair.recorder.events.last == .closed(stream, .cancel))
        #expect(pair.server.queuedBytes(of: stream) == 0)
        pair.server.send(([1] as [UInt8]).span.bytes, on: stream)
        pair.server.finish(stream)
        pair.server.reset(stream, .cancel)
        pair.server.consumed(5, of: stream)
        pair.exchange()
        #expect(pair.recorder.events.filter { $0 == .closed(stream, .cancel) }.count == 1)
    }

    // RFC 9113 §6.8
    @Test func leaveIsTakenInTwoStepsAndStreamsGoOn() throws {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
        }
        let first = try pair.get()
        pair.exchange()
        pair.server.goAway(.noError)
        pair.carryToClient()
        #expect(pair.client.takeEvents().last == .goneAway(.noError, last: HTTP2StreamID(rawValue: .max)))
        // The client had opened another before it heard.
        pair.feed(HTTP2Frame.head(request, stream: 3))
        #expect(pair.recorder.events.last == .requested(try head("/"), HTTP2StreamID(rawValue: 3), isLast: true))
        pair.server.goAway(.noError)
        pair.exchange()
        #expect(pair.sentFrames.last { $0.type == 7 }?.payload == [0, 0, 0, 3, 0, 0, 0, 0])
        pair.feed(HTTP2Frame.head(request, stream: 5))
        #expect(pair.recorder.events.count == 2)
        #expect(!pair.server.isFinished)
        for stream in [first, HTTP2StreamID(rawValue: 3)] { pair.server.finish(stream) }
        pair.exchange()
        #expect(pair.failure == nil)
        #expect(pair.server.isFinished)
    }

    @Test func leaveWithAnErrorEndsAtOnceAlsoFromWithinAReport() throws {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, _, _ in server.goAway(.internalError) }
        _ = try pair.get()
        pair.exchange()
        #expect(pair.failure?.code == .internalError)
        #expect(pair.server.failure == pair.failure)
        #expect(pair.client.takeEvents().contains { if case .goneAway(.internalError, _) = $0 { true } else { false } })
        #expect(pair.server.isFinished)
    }

    @Test func aClientThatTakesLeaveIsServedToTheEnd() throws {
        let pair = Pair.opened()
        pair.recorder.onRequest = { server, _, stream in
            server.respond(to: stream, with: ResponseHead(status: 200), isLast: false)
        }
        let stream = try pair.get()
        pair.exchange()
        pair.feed(HTTP2Frame.frame(.goAway, [UInt8](repeating: 0, count: 8)))
        #expect(!pair.server.isFinished)
        pair.server.finish(stream)
        pair.exchange()
        #expect(pair.failure == nil)
        #expect(pair.server.isFinished)
    }

    @Test func whatIsNotHTTP2EndsWithGOAWAY() {
        let pair = Pair()
        pair.feed(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(pair.failure?.code == .protocolError)
        pair.carryToClient()
        #expect(pair.client.takeEvents().last == .goneAway(.protocolError, last: HTTP2StreamID(rawValue: 0)))
        #expect(pair.server.isFinished)
        #expect(throws: HTTP2Error.self) { try pair.server.receive(([1] as [UInt8]).span.bytes, now: pair.now) }
    }

    @Test func aFailureIsThrownAgainAndNothingMoreIsReported() throws {
        let pair = Pair.opened()
        _ = try pair.get()
        pair.exchange()
        let count = pair.recorder.events.count
        pair.feed(HTTP2Frame.frame(.data, stream: 0, [1]))
        #expect(pair.failure?.code == .protocolError)
        #expect(pair.recorder.events.count == count)
        var again: HTTP2Error?
        do throws(HTTP2Error) {
            try pair.server.receive(HTTP2Frame.head(request, stream: 9).span.bytes, now: pair.now)
        } catch { again = error }
        #expect(again == pair.failure)
        #expect(pair.recorder.events.count == count)
    }

    private var largeWindows: HTTP2ClientConnection.Settings {
        var settings = HTTP2ClientConnection.Settings()
        settings.streamWindowBytes = 1 << 20
        settings.connectionWindowBytes = 8 << 20
        return settings
    }

    private let request = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a")]

    private func head(_ path: String) throws -> RequestHead {
        RequestHead(method: "GET", target: try RequestTarget(path), version: .http2, fields: ["Host": "a"])
    }

    /// With bytes that came in several pieces as one.
    private func joined(_ events: [HTTP2ClientEvent]) -> [HTTP2ClientEvent] {
        events.reduce(into: []) { joined, event in
            if case .received(let more, let stream) = event, case .received(let bytes, stream) = joined.last {
                joined[joined.count - 1] = .received(bytes + more, on: stream)
            } else {
                joined.append(event)
            }
        }
    }

    private func of(_ id: HTTP2StreamID, _ events: [HTTP2ClientEvent]) -> [HTTP2ClientEvent] {
        joined(
            events.filter { event in
                switch event {
                case .answered(_, on: id, _), .received(_, on: id), .ended(id), .closed(id, _): true
                default: false
                }
            })
    }

    private func byStream(_ events: [Recorder.Event]) -> [HTTP2StreamID: [Recorder.Event]] {
        Dictionary(grouping: events) { event in
            switch event {
            case .requested(_, let id, _), .refused(_, let id), .received(_, let id), .ended(let id),
                .closed(let id, _):
                id
            }
        }.mapValues { events in
            events.reduce(into: []) { joined, event in
                if case .received(let more, let id) = event, case .received(let bytes, id) = joined.last {
                    joined[joined.count - 1] = .received(bytes + more, id)
                } else {
                    joined.append(event)
                }
            }
        }
    }
}
