import Testing
import WebSocket

@Suite struct FrameRulesTests {
    @Test(
        arguments: [
            [.text(5)], [.binary(0)], [.ping(125)], [.pong(0)], [.close(2)],
            [.text(1, fin: false), .continuation(1)],
            [.binary(1, fin: false), .continuation(1, fin: false), .ping(1), .continuation(1), .text(1)],
            [.text(0, fin: false), .close(0)],
        ] as [[FrameHeader]])
    func framesInTheirPlacePass(headers: [FrameHeader]) {
        #expect(firstBreach(headers) == nil)
    }

    // RFC 6455 §5.2, §5.4, §5.5
    @Test(
        arguments: [
            ([.ping(1, fin: false)], .controlFragmented),
            ([.close(2, fin: false)], .controlFragmented),
            ([.pong(126)], .controlTooLong),
            ([.close(.max)], .controlTooLong),
            ([.continuation(1)], .continuationWithoutStart),
            ([.text(1), .continuation(1)], .continuationWithoutStart),
            ([.text(1, fin: false), .continuation(1), .continuation(1)], .continuationWithoutStart),
            ([.text(1, fin: false), .text(1)], .startInsideMessage),
            ([.text(1, fin: false), .ping(1), .binary(1, fin: false)], .startInsideMessage),
            ([.text(1, rsv: 0b100)], .reservedBits),
            ([.text(1, rsv: 0b010)], .reservedBits),
            ([.ping(1, rsv: 0b001)], .reservedBits),
        ] as [([FrameHeader], WebSocketError)])
    func aFrameOutOfItsPlaceIsRefused(headers: [FrameHeader], rule: WebSocketError) {
        #expect(firstBreach(headers) == rule)
    }

    // RFC 6455 §5.1
    @Test(
        arguments: [(.client, 1, nil), (.client, nil, .maskMissing), (.server, nil, nil), (.server, 0, .maskForbidden)]
            as [(FrameRules.Sender, UInt32?, WebSocketError?)])
    func onlyAClientMasks(sender: FrameRules.Sender, maskKey: UInt32?, rule: WebSocketError?) {
        let headers = [Opcode.text, .ping].map { FrameHeader(opcode: $0, maskKey: maskKey, payloadLength: 1) }
        for header in headers {
            var rules = FrameRules(from: sender, maxMessageBytes: 10)
            #expect(breach(&rules, header) == rule)
        }
    }

    // RFC 7692 §6.1
    @Test(
        arguments: [
            ([.text(1, rsv: 0b100)], nil),
            ([.text(1, fin: false, rsv: 0b100), .continuation(1)], nil),
            ([.text(1, fin: false, rsv: 0b100), .continuation(1, rsv: 0b100)], .reservedBits),
            ([.ping(1, rsv: 0b100)], .reservedBits),
            ([.text(1, rsv: 0b110)], .reservedBits),
            ([.text(1, rsv: 0b010)], .reservedBits),
        ] as [([FrameHeader], WebSocketError?)])
    func anAgreedExtensionMayMarkTheFirstFrameOfAMessage(headers: [FrameHeader], rule: WebSocketError?) {
        #expect(firstBreach(headers, rsv1Negotiated: true) == rule)
    }

    @Test(
        arguments: [
            ([.binary(100)], nil),
            ([.binary(101)], .messageTooBig),
            ([.binary(.max)], .messageTooBig),
            ([.binary(60, fin: false), .ping(50), .continuation(40)], nil),
            ([.binary(60, fin: false), .ping(50), .continuation(41, fin: false)], .messageTooBig),
            ([.binary(1, fin: false), .continuation(.max)], .messageTooBig),
            ([.binary(100), .binary(100)], nil),
        ] as [([FrameHeader], WebSocketError?)])
    func aMessageIsMeasuredOverItsFragmentsByHeadersAlone(headers: [FrameHeader], rule: WebSocketError?) {
        #expect(firstBreach(headers, maxMessageBytes: 100) == rule)
    }

    @Test func aMessageIsOpenUntilItsLastFrame() throws {
        var rules = FrameRules(from: .server, maxMessageBytes: 100)
        #expect(rules.isBetweenMessages)
        for (header, isBetween) in [
            (.text(1, fin: false), false), (.ping(1), false), (.continuation(1, fin: false), false),
            (.continuation(1), true), (.binary(1), true),
        ]
            as [(FrameHeader, Bool)]
        {
            try rules.check(header)
            #expect(rules.isBetweenMessages == isBetween)
        }
    }
}

private func firstBreach(_ headers: [FrameHeader], maxMessageBytes: UInt64 = 1000, rsv1Negotiated: Bool = false)
    -> WebSocketError?
{
    var rules = FrameRules(from: .server, maxMessageBytes: maxMessageBytes, rsv1Negotiated: rsv1Negotiated)
    for header in headers {
        if let error = breach(&rules, header) { return error }
    }
    return nil
}

private func breach(_ rules: inout FrameRules, _ header: FrameHeader) -> WebSocketError? {
    do throws(WebSocketError) {
        try rules.check(header)
        return nil
    } catch {
        return error
    }
}

extension FrameHeader {
    fileprivate static func text(_ length: UInt64, fin: Bool = true, rsv: UInt8 = 0) -> FrameHeader {
        FrameHeader(fin: fin, rsv: rsv, opcode: .text, payloadLength: length)
    }
    fileprivate static func binary(_ length: UInt64, fin: Bool = true) -> FrameHeader {
        FrameHeader(fin: fin, opcode: .binary, payloadLength: length)
    }
    fileprivate static func continuation(_ length: UInt64, fin: Bool = true, rsv: UInt8 = 0) -> FrameHeader {
        FrameHeader(fin: fin, rsv: rsv, opcode: .continuation, payloadLength: length)
    }
    fileprivate static func ping(_ length: UInt64, fin: Bool = true, rsv: UInt8 = 0) -> FrameHeader {
        FrameHeader(fin: fin, rsv: rsv, opcode: .ping, payloadLength: length)
    }
    fileprivate static func pong(_ length: UInt64) -> FrameHeader {
        FrameHeader(opcode: .pong, payloadLength: length)
    }
    fileprivate static func close(_ length: UInt64, fin: Bool = true) -> FrameHeader {
        FrameHeader(fin: fin, opcode: .close, payloadLength: length)
    }
}
