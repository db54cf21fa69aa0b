/// Something the provider does wrong on demand, and when.
///
/// Written `NAME[:ARGUMENT][@MOMENT]`, as in `http:503`, `rst@audio:5` or `close:1008@begin`. Each act has a moment of
/// its own that is taken when none is named.
package struct Fault: Equatable, Sendable {
    /// What is done.
    package var act: Act
    /// When it is done.
    package var moment: Moment

    /// When a fault strikes.
    package enum Moment: Equatable, Sendable {
        /// A connection has been accepted; nothing was read, TLS has not begun.
        case accept
        /// A request head was read, before its answer.
        case request
        /// The 101 has been sent.
        case open
        /// `Begin` has been sent.
        case begin
        /// So many messages of audio have been heard since `Begin`.
        case audio(Int)
        /// `Terminate` has been read, before its answer.
        case terminate
    }

    /// What is done.
    package enum Act: Equatable, Sendable {
        // The answer to the request.
        /// `no-answer`: never answers, keeps the connection.
        case noAnswer
        /// `slow-101:MS`: answers that many milliseconds later.
        case slowAnswer(milliseconds: Int)
        /// `http:STATUS[:BODY]`: answers with a status that is no upgrade.
        case status(Int, body: String?)
        /// `redirect:URL`: answers 302.
        case redirect(String)
        /// `wrong-accept`: a `Sec-WebSocket-Accept` for another key.
        case wrongAccept
        /// `missing-accept`: no `Sec-WebSocket-Accept`.
        case missingAccept
        /// `extension[:VALUE]`: a `Sec-WebSocket-Extensions` nobody asked for.
        case extensions(String)
        /// `subprotocol[:VALUE]`: a `Sec-WebSocket-Protocol` nobody asked for.
        case subprotocol(String)
        /// `half-head`: the first half of the 101 and no more.
        case halfHead
        /// `huge-head[:BYTES]`: a 101 with a field of that size.
        case hugeHead(bytes: Int)

        // The connection.
        /// `rst`: resets it.
        case reset
        /// `eof`: ends it properly, but without a close frame.
        case end
        /// `truncate`: a FIN in the middle, without TLS's own goodbye.
        case truncate
        /// `eof-mid-message`, `rst-mid-message`: half a message, then the end.
        case cutMessage(reset: Bool)
        /// `raw:HEX`, `garbage`: these bytes, whatever they mean.
        case raw([UInt8])
        /// `stop-reading`: reads no more.
        case stopReading
        /// `flood:text|binary[:BYTES]`: messages of that size, as fast as the peer takes them.
        case flood(isText: Bool, bytes: Int)
        /// `fragments:BYTES`: every message in fragments of at most that size.
        case fragments(bytes: Int)
        /// `ping[:COUNT]`: pings.
        case pings(count: Int)

        // The session.
        /// `silence`: says nothing any more.
        case silence
        /// `slow-begin:MS`: that much time between 101 and `Begin`.
        case slowBegin(milliseconds: Int)
        /// `slow-termination:MS`: that much time between `Terminate` and `Termination`.
        case slowTermination(milliseconds: Int)
        /// `no-termination`: hears `Terminate` and does nothing.
        case noTermination
        /// `no-close-answer`: does not answer a close frame.
        case noCloseAnswer
        /// `close:CODE[:REASON]`: a close frame out of nothing.
        case close(UInt16, reason: String)
        /// `error:CODE`: `Error` and the close that belongs to it.
        case error(UInt16)
        /// `text:TEXT`: a message of our own.
        case text(String)
        /// `binary[:BYTES]`: a binary message, which the provider's schema does not know.
        case binary(bytes: Int)
        /// `big:BYTES`: a `Warning` of that size.
        case bigMessage(bytes: Int)
        /// `echo-key:header|message|reason`: tells the credential it was shown.
        case echoKey(Place)
    }

    /// Where a credential is echoed.
    package enum Place: String, Sendable {
        case header, message, reason
    }

    /// A fault at `moment`, or at the act's usual one.
    package init(_ act: Act, at moment: Moment? = nil) {
        self.act = act
        self.moment = moment ?? act.usualMoment
    }
}

extension Fault.Act {
    fileprivate var usualMoment: Fault.Moment {
        switch self {
        case .noAnswer, .slowAnswer, .status, .redirect, .wrongAccept, .missingAccept, .extensions, .subprotocol,
            .halfHead, .hugeHead, .echoKey(.header):
            .request
        case .reset, .end, .truncate, .raw, .fragments, .silence, .close, .error, .slowBegin, .noCloseAnswer,
            .echoKey(.message), .echoKey(.reason):
            .open
        case .cutMessage, .stopReading, .flood, .pings, .text, .binary, .bigMessage:
            .begin
        case .slowTermination, .noTermination:
            .terminate
        }
    }
}

// MARK: - Reading

extension Fault {
    /// A text that names no fault.
    package struct Unknown: Error, Equatable {
        /// As it was written.
        package var text: String
    }

    /// Reads one fault.
    package init(_ text: String) throws(Unknown) {
        let (rest, moment) = Self.splitMoment(text)
        let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        guard let name = parts.first, let act = Act(name: name, argument: parts.count > 1 ? parts[1] : nil) else {
            throw Unknown(text: text)
        }
        self.init(act, at: moment)
    }

    /// Reads a list of faults with commas between.
    package static func list(_ text: String) throws(Unknown) -> [Fault] {
        var faults: [Fault] = []
        for part in text.split(separator: ",") { faults.append(try Fault(String(part))) }
        return faults
    }

    /// The text before `@`, and the moment after it; what is no moment belongs to the text (URLs may hold an `@`).
    private static func splitMoment(_ text: String) -> (String, Moment?) {
        guard let mark = text.lastIndex(of: "@"), let moment = Moment(String(text[text.index(after: mark)...])) else {
            return (text, nil)
        }
        return (String(text[..<mark]), moment)
    }
}

extension Fault.Moment {
    fileprivate init?(_ text: String) {
        switch text {
        case "accept": self = .accept
        case "request": self = .request
        case "open": self = .open
        case "begin": self = .begin
        case "terminate": self = .terminate
        default:
            guard text.hasPrefix("audio:"), let count = Int(text.dropFirst("audio:".count)), count > 0 else {
                return nil
            }
            self = .audio(count)
        }
    }
}

extension Fault.Act {
    /// The largest message or head a fault may make: room enough to break any limit.
    private static let maxBytes = 64 << 20
    /// Bytes that are no frame: reserved bits, a reserved opcode, a length beyond 63 bits.
    private static let garbage: [UInt8] = [
        0xF7, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x13, 0x37,
    ]

    fileprivate init?(name: String, argument: String?) {
        switch name {
        case "no-answer": self = .noAnswer
        case "slow-101": self.init(argument) { .slowAnswer(milliseconds: $0) }
        case "http": self.init(status: argument)
        case "redirect": self = .redirect(argument ?? "")
        case "wrong-accept": self = .wrongAccept
        case "missing-accept": self = .missingAccept
        case "extension": self = .extensions(argument ?? "permessage-deflate")
        case "subprotocol": self = .subprotocol(argument ?? "chat")
        case "half-head": self = .halfHead
        case "huge-head": self.init(argument, standard: 1 << 20) { .hugeHead(bytes: $0) }
        case "rst": self = .reset
        case "eof": self = .end
        case "truncate": self = .truncate
        case "eof-mid-message": self = .cutMessage(reset: false)
        case "rst-mid-message": self = .cutMessage(reset: true)
        case "garbage": self = .raw(Self.garbage)
        case "raw": self.init(hexadecimal: argument ?? "")
        case "stop-reading": self = .stopReading
        case "flood": self.init(flood: argument)
        case "fragments": self.init(argument) { .fragments(bytes: max($0, 1)) }
        case "ping": self.init(argument, standard: 1) { .pings(count: $0) }
        case "silence": self = .silence
        case "slow-begin": self.init(argument) { .slowBegin(milliseconds: $0) }
        case "slow-termination": self.init(argument) { .slowTermination(milliseconds: $0) }
        case "no-termination": self = .noTermination
        case "no-close-answer": self = .noCloseAnswer
        case "close": self.init(close: argument)
        case "error":
            guard let code = argument.flatMap({ UInt16($0) }) else { return nil }
            self = .error(code)
        case "text": self = .text(argument ?? "")
        case "binary": self.init(argument, standard: 4) { .binary(bytes: $0) }
        case "big": self.init(argument) { .bigMessage(bytes: $0) }
        case "echo-key":
            guard let place = argument.flatMap({ Fault.Place(rawValue: $0) }) else { return nil }
            self = .echoKey(place)
        default: return nil
        }
    }

    private init?(_ argument: String?, standard: Int? = nil, _ make: (Int) -> Fault.Act) {
        guard let number = argument.map({ Int($0) }) ?? standard, 0...Self.maxBytes ~= number else { return nil }
        self = make(number)
    }

    private init?(status argument: String?) {
        let parts = (argument ?? "").split(separator: ":", maxSplits: 1)
        guard let status = parts.first.flatMap({ Int($0) }), 200...599 ~= status else { return nil }
        self = .status(status, body: parts.count > 1 ? String(parts[1]) : nil)
    }

    private init?(close argument: String?) {
        let parts = (argument ?? "").split(separator: ":", maxSplits: 1)
        guard let code = parts.first.flatMap({ UInt16($0) }) else { return nil }
        self = .close(code, reason: parts.count > 1 ? String(parts[1]) : "")
    }

    private init?(flood argument: String?) {
        let parts = (argument ?? "binary").split(separator: ":", maxSplits: 1)
        guard let kind = parts.first, kind == "text" || kind == "binary" else { return nil }
        guard let bytes = parts.count > 1 ? Int(parts[1]) : 4096, 1...Self.maxBytes ~= bytes else { return nil }
        self = .flood(isText: kind == "text", bytes: bytes)
    }

    private init?(hexadecimal text: String) {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else { return nil }
        self = .raw(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }
}
