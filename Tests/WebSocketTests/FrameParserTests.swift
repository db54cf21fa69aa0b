import Bytes
import RelayTestKit
import Testing
import WebSocket

@Suite struct FrameParserTests {
    // RFC 6455 §5.7
    @Test(
        arguments: [
            ([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F], [FrameHeader(opcode: .text, payloadLength: 5)]),
            (
                [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58],
                [FrameHeader(opcode: .text, maskKey: 0x37FA_213D, payloadLength: 5)]
            ),
            (
                [0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F],
                [
                    FrameHeader(fin: false, opcode: .text, payloadLength: 3),
                    FrameHeader(opcode: .continuation, payloadLength: 2),
                ]
            ),
            (
                [0x89, 0x00, 0x8A, 0x00],
                [FrameHeader(opcode: .ping, payloadLength: 0), FrameHeader(opcode: .pong, payloadLength: 0)]
            ),
        ] as [([UInt8], [FrameHeader])])
    func theExamplesOfTheRFCAreFramesInEverySplit(bytes: [UInt8], headers: [FrameHeader]) {
        for cut in 0...bytes.count {
            let seen = parse(bytes, cuts: [cut])
            #expect(seen.frames.map(\.header) == headers)
            #expect(seen.isBetweenFrames)
            #expect(seen.relayed == bytes)
        }
    }

    @Test func aFrameIsAHeaderAndThenItsPayloadAsItArrives() throws {
        var parser = FrameParser()
        let header = FrameHeader(opcode: .binary, payloadLength: 5)
        #expect(try events(&parser, [0x82, 0x05, 1, 2]) == [.header(header), .payload(count: 2, endsFrame: false)])
        #expect(try events(&parser, []) == [])
        #expect(try events(&parser, [3]) == [.payload(count: 1, endsFrame: false)])
        #expect(!parser.isBetweenFrames)
        let next = FrameHeader(opcode: .ping, payloadLength: 0)
        #expect(
            try events(&parser, [4, 5, 0x89, 0x00])
                == [.payload(count: 2, endsFrame: true), .header(next), .payload(count: 0, endsFrame: true)])
        #expect(parser.isBetweenFrames)
    }

    @Test func aFrameWithoutPayloadEndsInTheSpanThatCompletesItsHeader() throws {
        var parser = FrameParser()
        #expect(try events(&parser, [0x89]) == [])
        #expect(!parser.isBetweenFrames)
        let header = FrameHeader(opcode: .ping, payloadLength: 0)
        #expect(try events(&parser, [0x00]) == [.header(header), .payload(count: 0, endsFrame: true)])
    }

    @Test func theBytesOfASplitHeaderAreKeptAndCounted() throws {
        let bytes: [UInt8] = [0x02, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4]
        for cut in 0...bytes.count {
            var parser = FrameParser()
            _ = try events(&parser, Array(bytes[..<cut]))
            _ = try events(&parser, Array(bytes[cut...]))
            #expect(parser.carriedHeaderCount == (cut == bytes.count ? 0 : cut))
            let headerBytes = parser.headerBytes
            #expect([UInt8](headerBytes.span.bytes) == bytes)
        }
    }

    @Test func theCarriedCountCountsEveryEarlierSpan() throws {
        var parser = FrameParser()
        for byte in [0x82, 0xFE, 0x01, 0x00, 1, 2, 3] as [UInt8] { #expect(try events(&parser, [byte]) == []) }
        _ = try events(&parser, [4, 0xAA])
        #expect(parser.carriedHeaderCount == 7)
        _ = try events(&parser, [UInt8](repeating: 0, count: 255) + [0x82, 0x01])
        #expect(parser.carriedHeaderCount == 0)
    }

    @Test(arguments: [[0x83, 0x00], [0x82, 0x7E, 0x00, 0x01], [0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0]] as [[UInt8]])
    func aHeaderThatBreaksARuleIsRefusedInEverySplit(bytes: [UInt8]) {
        for cut in 0...bytes.count {
            #expect(parse(bytes, cuts: [cut]).error == parse(bytes).error)
            #expect(parse(bytes, cuts: [cut]).error != nil)
        }
    }

    @Test func aFrameOfTheLargestLengthIsCountedWithoutOverflow() throws {
        var parser = FrameParser()
        let header: [UInt8] = [0x82, 0x7F, 0x7F] + [UInt8](repeating: 0xFF, count: 7)
        #expect(
            try events(&parser, header + [1, 2])
                == [
                    .header(FrameHeader(opcode: .binary, payloadLength: .max >> 1)),
                    .payload(count: 2, endsFrame: false),
                ])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func randomFramesInRandomPiecesAreWhatAPlainReaderSees(seed: UInt64)
    {
        var random = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        for _ in 0..<30 { bytes += randomFrame(&random) }
        let whole = plainlyRead(bytes)
        let cuts = (0..<Int.random(in: 0...60, using: &random)).map { _ in
            Int.random(in: 0...bytes.count, using: &random)
        }.sorted()
        let seen = parse(bytes, cuts: cuts)
        #expect(seen.frames == whole.frames)
        #expect(seen.error == nil)
        #expect(seen.relayed == bytes)
        #expect(seen.isBetweenFrames)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func anyBytesAreReadAsAPlainReaderWouldAndNeverTrap(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let openings: [UInt8] = [0x82, 0x01, 0x00, 0x89, 0xFE, 0x7F, 0xFF, 0x7E]
            let bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                Bool.random(using: &random)
                    ? openings.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...20, using: &random)
            }
            let cuts = (0..<4).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            let seen = parse(bytes, cuts: cuts)
            let whole = plainlyRead(bytes)
            #expect(seen.frames == whole.frames, "\(bytes) cut at \(cuts)")
            #expect(seen.error == whole.error, "\(bytes) cut at \(cuts)")
            #expect(bytes.starts(with: seen.relayed), "\(bytes) cut at \(cuts)")
        }
    }
}

private struct Frame: Equatable {
    var header: FrameHeader
    var payload: [UInt8] = []
    var isComplete = false
}

private struct Seen: Equatable {
    var frames: [Frame] = []
    var error: WebSocketError?
    /// What a relay passes on: carried header bytes, and then the run of the span.
    var relayed: [UInt8] = []
    var isBetweenFrames = true
}

private func events(_ parser: inout FrameParser, _ bytes: [UInt8]) throws -> [FrameEvent] {
    var events: [FrameEvent] = []
    var offset = 0
    while let event = try parser.next(bytes.span.bytes, from: &offset) { events.append(event) }
    #expect(offset == bytes.count)
    return events
}

private func parse(_ bytes: [UInt8], cuts: [Int] = []) -> Seen {
    var parser = FrameParser()
    var seen = Seen()
    var start = 0
    for end in cuts + [bytes.count] {
        do throws(WebSocketError) {
            try read(Array(bytes[start..<end]), &parser, &seen)
        } catch {
            seen.error = error
            break
        }
        start = end
    }
    seen.isBetweenFrames = parser.isBetweenFrames
    return seen
}

private func read(_ bytes: [UInt8], _ parser: inout FrameParser, _ seen: inout Seen) throws(WebSocketError) {
    var offset = 0
    while true {
        let before = offset
        guard let event = try parser.next(bytes.span.bytes, from: &offset) else { return }
        switch event {
        case .header(let header):
            seen.frames.append(Frame(header: header))
            let headerBytes = parser.headerBytes
            seen.relayed += [UInt8](headerBytes.span.bytes.extracting(first: parser.carriedHeaderCount))
        case .payload(let count, let endsFrame):
            #expect(offset - before == count)
            seen.frames[seen.frames.count - 1].payload += bytes[before..<offset]
            seen.frames[seen.frames.count - 1].isComplete = endsFrame
        }
        seen.relayed += bytes[before..<offset]
    }
}

/// The same grammar read the slow and obvious way, from all bytes at once.
private func plainlyRead(_ bytes: [UInt8]) -> Seen {
    var seen = Seen()
    var rest = bytes[...]
    while rest.count >= 2 {
        let (first, second) = (rest[rest.startIndex], rest[rest.startIndex + 1])
        guard let opcode = Opcode(rawValue: first & 0x0F) else {
            seen.error = .reservedOpcode
            return seen
        }
        let lengthBytes = second & 0x7F == 127 ? 8 : second & 0x7F == 126 ? 2 : 0
        let headerLength = 2 + lengthBytes + (second & 0x80 != 0 ? 4 : 0)
        guard rest.count >= headerLength else { return seen }
        let extended = rest.dropFirst(2).prefix(lengthBytes).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let length = lengthBytes == 0 ? UInt64(second & 0x7F) : extended
        if length > UInt64(Int64.max) { seen.error = .lengthTooLarge }
        if lengthBytes == 2 && length < 126 || lengthBytes == 8 && length < 65536 { seen.error = .lengthNotMinimal }
        guard seen.error == nil else { return seen }
        let key = rest.dropFirst(2 + lengthBytes).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let header = FrameHeader(
            fin: first & 0x80 != 0, rsv: first >> 4 & 7, opcode: opcode, maskKey: second & 0x80 != 0 ? key : nil,
            payloadLength: length)
        rest = rest.dropFirst(headerLength)
        let payload = rest.prefix(Int(clamping: length))
        seen.frames.append(Frame(header: header, payload: Array(payload), isComplete: UInt64(payload.count) == length))
        rest = rest.dropFirst(payload.count)
    }
    return seen
}

private func randomFrame(_ random: inout SeededGenerator) -> [UInt8] {
    let length = [0, 1, 125, 126, 127, 300].randomElement(using: &random) ?? 0
    return FrameSerializer.frame(
        opcode: Opcode.allCases.randomElement(using: &random) ?? .binary,
        payload: (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) },
        mask: Bool.random(using: &random) ? random.next() : nil, fin: Bool.random(using: &random))
}
