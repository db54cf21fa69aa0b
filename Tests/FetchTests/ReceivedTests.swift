import Testing

@testable import Fetch

@Suite struct ReceivedTests {
    @Test func fieldsAreThoseOfTheLastHead() {
        var received = Received(maxBodyBytes: 10)
        let lines = ["HTTP/1.1 103 Early Hints", "Link: early", "", "HTTP/1.1 200 OK", "A: b", "C:\t d e ", "E:", ""]
        for line in lines { #expect(take(line + "\r\n", into: &received)) }
        #expect(received.fields.map(\.name) == ["A", "C", "E"])
        #expect(received.fields.map(\.value) == ["b", "d e ", ""])
    }

    @Test func headsAndBodiesAreBounded() {
        var received = Received(maxBodyBytes: 10)
        #expect(take("X: " + String(repeating: "x", count: 60_000), into: &received))
        #expect(!take("X: " + String(repeating: "x", count: 6_000), into: &received))
        #expect([UInt8](repeating: 0, count: 10).withUnsafeBytes { received.take(body: $0) })
        #expect(![UInt8]([0]).withUnsafeBytes { received.take(body: $0) })
        #expect(received.body.count == 10)
    }

    private func take(_ line: String, into received: inout Received) -> Bool {
        Array(line.utf8).withUnsafeBytes { received.take(line: $0) }
    }
}
