import Testing

@testable import HTTP2

@Suite struct FrameScannerTests {
    private let stream: [UInt8] =
        Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        + [0, 0, 0, 4, 0, 0, 0, 0, 0]
        + [0, 0, 3, 0, 1, 0, 0, 0, 1, 7, 8, 9]
        + [0, 1, 0, 9, 4, 0, 0, 0, 1] + [UInt8](repeating: 0xFF, count: 256)
        + [0, 0, 0, 6, 1, 0, 0, 0, 0]
    private let frames = [
        FrameScanner.Frame(type: 4, flags: 0, payloadBytes: 0), FrameScanner.Frame(type: 0, flags: 1, payloadBytes: 3),
        FrameScanner.Frame(type: 9, flags: 4, payloadBytes: 256),
        FrameScanner.Frame(type: 6, flags: 1, payloadBytes: 0),
    ]

    @Test(arguments: [1, 2, 3, 5, 8, 9, 10, 24, 33, 1000]) func framesAreTheSameHoweverTheyAreCut(size: Int) {
        var scanner = FrameScanner()
        var seen: [FrameScanner.Frame] = []
        for start in stride(from: 0, to: stream.count, by: size) {
            let piece = Array(stream[start..<min(start + size, stream.count)])
            var offset = 0
            while let frame = scanner.next(in: piece.span.bytes, from: &offset) { seen.append(frame) }
            #expect(offset == piece.count)
        }
        #expect(seen == frames)
    }

    @Test func aServersFramesHaveNoPreface() {
        var scanner = FrameScanner(expectsPreface: false)
        var offset = 0
        let bytes = Array(stream[24...])
        let first = scanner.next(in: bytes.span.bytes, from: &offset)
        #expect(first == frames[0])
        #expect(offset == 9)
    }
}
