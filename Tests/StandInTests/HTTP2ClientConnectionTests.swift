import Bytes
import HTTP
import HTTP2
import StandIn
import Testing
import Timing

@Suite struct HTTP2ClientConnectionTests {
    @Test func itBeginsWithThePrefaceAndItsSettings() {
        let client = HTTP2ClientConnection()
        var output = ByteQueue()
        client.take(into: &output)
        let bytes = Array(output.bytes)
        #expect(bytes.starts(with: HTTP2Frame.preface))
        #expect(bytes.dropFirst(24 + 3).first == 4)
        #expect(!client.mayOpenWebSockets)
    }

    @Test func whatIsInjectedGoesOutAsItIs() {
        let client = HTTP2ClientConnection()
        var output = ByteQueue()
        client.take(into: &output)
        output.removeAll(keepingCapacity: true)
        client.inject([1, 2, 3])
        client.take(into: &output)
        #expect(Array(output.bytes) == [1, 2, 3])
    }

    @Test func whatTheServerDoesIsAnEvent() {
        let client = HTTP2ClientConnection()
        let stream = client.request([(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a")])
        var output = ByteQueue()
        client.take(into: &output)
        let bytes =
            HTTP2Frame.settings([(8, 1)])
            + HTTP2Frame.head([(":status", "200"), ("a", "b")], stream: 1, isLast: false)
            + HTTP2Frame.frame(.data, stream: 1, [1, 2]) + HTTP2Frame.frame(.data, flags: 1, stream: 1, [3])
            + HTTP2Frame.frame(.goAway, [0, 0, 0, 1, 0, 0, 0, 0])
        client.receive(bytes.span.bytes)
        #expect(
            client.takeEvents() == [
                .configured, .answered(ResponseHead(status: 200, fields: ["a": "b"]), on: stream, isLast: false),
                .received([1, 2], on: stream), .received([3], on: stream), .ended(stream), .closed(stream, .noError),
                .goneAway(.noError, last: stream),
            ])
        #expect(client.mayOpenWebSockets)
        #expect(client.failure == nil)
    }

    @Test func bytesWaitForTheServersWindows() {
        let client = HTTP2ClientConnection()
        let stream = client.request([(":method", "POST"), (":scheme", "https"), (":path", "/")], isLast: false)
        client.send([UInt8](repeating: 1, count: 100_000), on: stream)
        client.finish(stream)
        var output = ByteQueue()
        client.take(into: &output)
        #expect(client.queuedBytes(of: stream) == 100_000 - 65_535)
        client.receive(
            (HTTP2Frame.settings() + HTTP2Frame.windowUpdate(0, by: 50_000) + HTTP2Frame.windowUpdate(1, by: 50_000))
                .span.bytes)
        client.take(into: &output)
        #expect(client.queuedBytes(of: stream) == 0)
    }
}
