import WebSocket

/// One direction of a session: frames pass to the other leg as they come, headers read and payloads untouched.
///
/// Consecutive frames leave as one run of the bytes they arrived in. Control frames do not pass: the relay answers them.
/// A small text message is held until it is whole and looked at, for it may be one the session must act upon.
/// Everything a direction must remember between two reads is here, and nothing is allocated for audio.
struct Passage: ~Copyable {
    let source: Leg
    /// What passed so far.
    private(set) var meter = Meter()
    /// Payload bytes of the binary messages that passed: what carries audio.
    private(set) var audioBytes: UInt64 = 0
    /// The session looks at the audio again when so many bytes of it have passed.
    var audioMark = UInt64.max
    /// Bytes that the destination was given so far, headers included.
    private(set) var passed: UInt64 = 0
    /// The largest text message looked at, in bytes.
    var recognitionLimit = ProviderMessage.limit
    /// Set when a frame of the relay's own waits to be written to the destination: the next boundary is then reported.
    var reportsBoundary = false

    private var parser = FrameParser()
    private var rules: FrameRules
    /// The data message under way, if any, and what becomes of it; control frames in between do not disturb it.
    private var message = Course.pass
    private var frame = FrameHeader?.none
    private var framePassed: UInt64 = 0
    /// The frame's or message's raw bytes while it is held; empty at other times.
    private var held: [UInt8] = []
    /// The unmasked text of the held message, or the payload of the control frame under way.
    private var text: [UInt8] = []
    private var controlPayload: [UInt8] = []
    private(set) var destination = Destination()

    /// What becomes of a data message.
    private enum Course {
        /// It passes as it arrives.
        case pass
        /// It passes, and counts as audio.
        case audio
        /// It is kept until it is whole, for it may have to be recognised.
        case hold
    }

    /// What the destination has been given so far: where a frame of the relay's own may stand.
    struct Destination {
        /// Payload bytes that the frame written last still owes; 0 between frames.
        fileprivate(set) var owed: UInt64 = 0
        /// The key that frame's payload is masked with.
        fileprivate(set) var key: UInt32 = 0
        /// Payload bytes of that frame already written.
        fileprivate(set) var written: UInt64 = 0
        /// Whether a data message has been begun and not ended.
        fileprivate(set) var isInsideMessage = false
        /// Whether the frame written last ends its message.
        fileprivate(set) var isInFinalFrame = false
        /// Nothing more is written to the destination.
        fileprivate(set) var isShut = false

        /// RFC 6455 §5.4: control frames may stand between the fragments of a message.
        var mayTakeControlFrame: Bool { owed == 0 }
        /// A data frame of ours may stand only between messages.
        var mayTakeMessage: Bool { owed == 0 && !isInsideMessage }
        /// Whether the message under way wants another fragment once the present frame is complete.
        var wantsLastFragment: Bool { isInsideMessage && !isInFinalFrame }
    }

    init(from source: Leg, messageBytes: UInt64) {
        self.source = source
        rules = FrameRules(from: source == .client ? .client : .server, maxMessageBytes: messageBytes)
    }

    /// Reads on in `bytes` from `offset`, forwarding what may pass, up to the first thing the session must know of.
    ///
    /// - Returns: what it found, with `offset` behind it; nil when the bytes are used up.
    mutating func scan(_ bytes: RawSpan, from offset: inout Int, forward: (RawSpan) -> Void) -> Notice? {
        var run = Run()
        do throws(WebSocketError) {
            while let event = try parser.next(bytes, from: &offset) {
                switch event {
                case .header(let header):
                    try rules.check(header)
                    try begin(header, at: offset, in: bytes, &run, forward)
                case .payload(let count, let endsFrame):
                    if let notice = try pass(count, endsFrame, before: offset, in: bytes, &run, forward) {
                        flush(&run, bytes, forward)
                        return notice
                    }
                }
            }
        } catch {
            flush(&run, bytes, forward)
            return .breach(error)
        }
        flush(&run, bytes, forward)
        return nil
    }

    /// Lets the held message pass.
    mutating func release(_ forward: (RawSpan) -> Void) {
        guard !held.isEmpty else { return }
        if !destination.isShut {
            passed &+= UInt64(held.count)
            forward(held.span.bytes)
        }
        drop()
    }

    /// Forgets the held message.
    mutating func drop() {
        held = []
        text = []
    }

    /// Writes nothing more to the destination; frames are still read, to recognise the provider's last words.
    mutating func shut() {
        destination.isShut = true
    }

    /// Forgets what was written to a destination that has not been given any of it, and writes nothing more.
    mutating func discard() {
        drop()
        destination = Destination()
        destination.isShut = true
    }

    /// What came so far went nowhere.
    mutating func forgetMeter() {
        meter = Meter()
        audioBytes = 0
    }

    /// Notes that the open frame and message were completed by the relay itself.
    mutating func completeMessage() {
        destination.owed = 0
        destination.isInsideMessage = false
    }

    // MARK: One frame

    private mutating func begin(
        _ header: FrameHeader, at offset: Int, in bytes: RawSpan, _ run: inout Run, _ forward: (RawSpan) -> Void
    ) throws(WebSocketError) {
        frame = header
        framePassed = 0
        switch header.opcode {
        case .text: message = header.payloadLength <= UInt64(recognitionLimit) ? .hold : .pass
        case .binary: message = .audio
        case .continuation: break
        case .close, .ping, .pong:
            controlPayload.removeAll(keepingCapacity: true)
            return
        }
        meter.count(frameOf: header.payloadLength)
        // Headers count too, or empty fragments could be held without end.
        if message == .hold, UInt64(held.count) + header.payloadLength > UInt64(recognitionLimit) {
            message = .pass
            flush(&run, bytes, forward)
            release(forward)
        }
        if message == .audio, !destination.isShut { audioBytes &+= header.payloadLength }
        switch message {
        case .audio, .pass: passHeader(header, before: offset, in: bytes, &run, forward)
        case .hold: holdHeader(header)
        }
    }

    private mutating func pass(
        _ count: Int, _ endsFrame: Bool, before offset: Int, in bytes: RawSpan, _ run: inout Run,
        _ forward: (RawSpan) -> Void
    ) throws(WebSocketError) -> Notice? {
        guard let header = frame else { return nil }
        let piece = offset - count..<offset
        if header.opcode.isControl {
            controlPayload.append(bytes.extracting(piece), unmaskedWith: header.maskKey, from: framePassed)
            framePassed += UInt64(count)
            return endsFrame ? try endControlFrame(header) : nil
        }
        switch message {
        case .audio, .pass: passPayload(piece, in: bytes, &run, forward)
        case .hold:
            bytes.extracting(piece).withUnsafeBytes { held.append(contentsOf: $0) }
            text.append(bytes.extracting(piece), unmaskedWith: header.maskKey, from: framePassed)
        }
        framePassed += UInt64(count)
        guard endsFrame else { return nil }
        return endDataFrame(header, bytes, &run, forward)
    }

    private mutating func endControlFrame(_ header: FrameHeader) throws(WebSocketError) -> Notice? {
        switch header.opcode {
        case .ping: return .ping(controlPayload)
        case .close: return .close(try ClosePayload(parsing: controlPayload.span.bytes), controlPayload)
        default: return nil  // A pong needs no answer; that bytes came at all is the news.
        }
    }

    private mutating func endDataFrame(
        _ header: FrameHeader, _ bytes: RawSpan, _ run: inout Run, _ forward: (RawSpan) -> Void
    ) -> Notice? {
        if message == .hold, header.fin {
            if let recognised = ProviderMessage.recognise(text.span.bytes, from: source) { return .message(recognised) }
            flush(&run, bytes, forward)
            release(forward)
        }
        if reportsBoundary, destination.mayTakeControlFrame { return .boundary }
        return message == .audio && audioBytes >= audioMark ? .audioMark : nil
    }

    // MARK: Passing

    private mutating func passHeader(
        _ header: FrameHeader, before offset: Int, in bytes: RawSpan, _ run: inout Run, _ forward: (RawSpan) -> Void
    ) {
        let carried = parser.carriedHeaderCount
        if carried > 0 {
            flush(&run, bytes, forward)
            if !destination.isShut {
                let header = parser.headerBytes
                give(header.span.bytes.extracting(0..<carried), forward)
            }
        }
        extend(&run, by: offset - (header.headerLength - carried)..<offset, bytes, forward)
        guard !destination.isShut else { return }
        destination.owed = header.payloadLength
        destination.written = 0
        destination.key = header.maskKey ?? 0
        destination.isInFinalFrame = header.fin
        destination.isInsideMessage = !(header.fin && header.payloadLength == 0)
    }

    private mutating func passPayload(
        _ piece: Range<Int>, in bytes: RawSpan, _ run: inout Run, _ forward: (RawSpan) -> Void
    ) {
        extend(&run, by: piece, bytes, forward)
        guard !destination.isShut else { return }
        destination.owed -= min(destination.owed, UInt64(piece.count))
        destination.written += UInt64(piece.count)
        if destination.owed == 0 { destination.isInsideMessage = !destination.isInFinalFrame }
    }

    private mutating func holdHeader(_ header: FrameHeader) {
        let bytes = parser.headerBytes
        bytes.span.bytes.extracting(0..<header.headerLength).withUnsafeBytes { held.append(contentsOf: $0) }
    }

    // MARK: Runs

    /// A stretch of the bytes at hand that leaves as it came.
    private struct Run {
        var start = 0
        var end = 0
    }

    private mutating func extend(_ run: inout Run, by piece: Range<Int>, _ bytes: RawSpan, _ forward: (RawSpan) -> Void)
    {
        if run.end != piece.lowerBound {
            flush(&run, bytes, forward)
            run.start = piece.lowerBound
        }
        run.end = piece.upperBound
    }

    private mutating func flush(_ run: inout Run, _ bytes: RawSpan, _ forward: (RawSpan) -> Void) {
        if run.end > run.start, !destination.isShut { give(bytes.extracting(run.start..<run.end), forward) }
        run.start = run.end
    }

    private mutating func give(_ bytes: RawSpan, _ forward: (RawSpan) -> Void) {
        passed &+= UInt64(bytes.byteCount)
        forward(bytes)
    }
}

extension [UInt8] {
    /// Adds payload bytes, unmasked; `offset` payload bytes of their frame came before them.
    fileprivate mutating func append(_ payload: RawSpan, unmaskedWith key: UInt32?, from offset: UInt64) {
        let start = count
        payload.withUnsafeBytes { append(contentsOf: $0) }
        guard let key else { return }
        withUnsafeMutableBytes { all in
            Masking.apply(key, offset: offset, to: UnsafeMutableRawBufferPointer(rebasing: all[start...]))
        }
    }
}

/// What a direction found that its session must know of.
enum Notice: Equatable {
    /// A ping, to be answered with this payload.
    case ping([UInt8])
    /// A Close frame, valid, with its payload as it came.
    case close(ClosePayload, [UInt8])
    /// A message to act upon, held: `release` or `drop` it.
    case message(ProviderMessage)
    /// A frame ended at the destination, and something of the relay's own waits for that.
    case boundary
    /// A frame of audio ended, and there is as much of it as `Passage.audioMark` says.
    case audioMark
    /// The sender broke a rule.
    case breach(WebSocketError)
}
