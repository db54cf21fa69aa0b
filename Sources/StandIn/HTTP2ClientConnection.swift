import Bytes
import CNGHTTP2
import HTTP
import HTTP2

/// The client's side of an HTTP/2 connection, over bytes in memory: ordinary requests, WebSockets (RFC 8441), and frames
/// that no proper client would send.
///
/// Owned by one thread at a time. What the server sent is kept as events until somebody asks for it.
package final class HTTP2ClientConnection {
    /// What a client is like.
    package struct Settings: Sendable {
        /// What the server may send on a stream before `consume`, in bytes.
        package var streamWindowBytes: UInt32 = 64 << 10
        /// What it may send over all streams, in bytes; at least 64 KiB - 1.
        package var connectionWindowBytes: Int32 = 1 << 20
        /// When windows are opened again.
        package var windows = Windows.byHalves

        /// A client that reads everything at once.
        package init() {}
    }

    /// When a client lets the server send more.
    package enum Windows: Sendable {
        /// Once half of a window is used up, as most do.
        case byHalves
        /// With every frame, for its stream and for the connection, as the simplest do.
        case byFrames
        /// When `consume` says so.
        case held
    }

    /// What nghttp2 last found wrong with the server's bytes; nil while there is nothing.
    package private(set) var failure: String?

    fileprivate let session: OpaquePointer
    fileprivate let windows: Windows
    fileprivate var events: [HTTP2ClientEvent] = []
    fileprivate var streams: [Int32: HTTP2ClientStream] = [:]
    private var raw = ByteQueue()

    /// A client whose preface and SETTINGS wait for `take`.
    package init(_ settings: Settings = Settings()) {
        session = Self.makeSession(settings)
        windows = settings.windows
        nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        let entries = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: settings.streamWindowBytes),
            nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0),
        ]
        nghttp2_submit_settings(session, 0, entries, entries.count)
        nghttp2_session_set_local_window_size(session, 0, 0, settings.connectionWindowBytes)
    }

    deinit {
        nghttp2_session_del(session)
    }

    /// Takes bytes of the server, which may end anywhere.
    package func receive(_ bytes: RawSpan) {
        guard failure == nil else { return }
        let result = bytes.withUnsafeBytes { bytes in
            nghttp2_session_mem_recv(session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
        if result < 0 {
            failure = nghttp2_strerror(Int32(truncatingIfNeeded: result)).map { String(cString: $0) } ?? ""
        }
    }

    /// Appends all that is to be sent, as far as the server's windows allow.
    package func take(into output: inout ByteQueue) {
        while true {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(session, &bytes)
            guard count > 0 else { break }
            output.append(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        output.append(raw.bytes)
        raw.removeAll(keepingCapacity: false)
    }

    /// What has happened since this was last asked.
    package func takeEvents() -> [HTTP2ClientEvent] {
        defer { events = [] }
        return events
    }

    /// The server has said that it opens WebSockets (SETTINGS_ENABLE_CONNECT_PROTOCOL).
    package var mayOpenWebSockets: Bool {
        nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1
    }
}

// What a client asks for.
extension HTTP2ClientConnection {
    /// Sends a request; `head` may be one of `OpeningHandshake.connectRequest`. With `isLast` nothing follows it.
    @discardableResult
    package func request(_ head: RequestHead, isLast: Bool = true) -> HTTP2StreamID {
        var fields = [(":method", head.method), (":scheme", "https"), (":path", head.target.text)]
        if let named = head.protocol { fields.append((":protocol", named)) }
        if let host = head.fields.first("Host") { fields.append((":authority", host)) }
        for field in head.fields.all where field.name.lowercased() != "host" {
            fields.append((field.name.lowercased(), field.value))
        }
        return request(fields, isLast: isLast)
    }

    /// Sends a request of these fields, pseudo-fields among them, whatever they are.
    @discardableResult
    package func request(_ fields: [(String, String)], isLast: Bool = true) -> HTTP2StreamID {
        let stream = HTTP2ClientStream()
        let text = fields.map { (Array($0.0.utf8), $0.1.latin1Bytes ?? Array($0.1.utf8)) }
        var lent: [nghttp2_nv] = []
        var memory: [UnsafeMutableBufferPointer<UInt8>] = []
        defer { for piece in memory { piece.deallocate() } }
        for (name, value) in text {
            let piece = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: name.count + value.count + 1)
            _ = piece.initialize(from: name + value + [0])
            memory.append(piece)
            lent.append(
                nghttp2_nv(
                    name: piece.baseAddress, value: piece.baseAddress.map { $0 + name.count }, namelen: name.count,
                    valuelen: value.count, flags: 0))
        }
        var source = nghttp2_data_provider(
            source: nghttp2_data_source(ptr: Unmanaged.passUnretained(stream).toOpaque()), read_callback: bytesWanted)
        let id = withUnsafePointer(to: &source) { source in
            nghttp2_submit_request(session, nil, lent, lent.count, isLast ? nil : source, nil)
        }
        streams[id] = stream
        return HTTP2StreamID(rawValue: id)
    }

    /// Queues bytes; they leave as the server's windows allow.
    package func send(_ bytes: [UInt8], on id: HTTP2StreamID) {
        guard let stream = streams[id.rawValue] else { return }
        stream.queue.append(bytes)
        nghttp2_session_resume_data(session, id.rawValue)
    }

    /// Ends the stream on the client's side, behind what is queued.
    package func finish(_ id: HTTP2StreamID) {
        guard let stream = streams[id.rawValue] else { return }
        stream.isFinishing = true
        nghttp2_session_resume_data(session, id.rawValue)
    }

    /// Ends the stream in both directions, now.
    package func reset(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode = .cancel) {
        nghttp2_submit_rst_stream(session, 0, id.rawValue, code.rawValue)
    }

    /// Lets the server send as many bytes more on the stream, and on the connection.
    package func consume(_ count: Int, of id: HTTP2StreamID) {
        nghttp2_session_consume(session, id.rawValue, max(0, count))
    }

    /// Asks the server to answer.
    package func ping() {
        nghttp2_submit_ping(session, 0, nil)
    }

    /// Sends bytes as they are, behind the frames that are due. nghttp2 knows nothing of them.
    package func inject(_ bytes: [UInt8]) {
        raw.append(bytes)
    }

    /// How many bytes wait for the server's windows.
    package func queuedBytes(of id: HTTP2StreamID) -> Int {
        streams[id.rawValue]?.queue.count ?? 0
    }
}

/// One request of a client.
private final class HTTP2ClientStream {
    var queue = ByteQueue()
    var isFinishing = false
    var status = 0
    var fields = HeaderFields()
}

extension HTTP2ClientConnection {
    private static func makeSession(_ settings: Settings) -> OpaquePointer {
        var callbacks: OpaquePointer?
        var options: OpaquePointer?
        var session: OpaquePointer?
        nghttp2_session_callbacks_new(&callbacks)
        nghttp2_option_new(&options)
        defer {
            nghttp2_session_callbacks_del(callbacks)
            nghttp2_option_del(options)
        }
        nghttp2_option_set_no_auto_window_update(options, settings.windows == .byHalves ? 0 : 1)
        // A test may send what is no HTTP.
        nghttp2_option_set_no_http_messaging(options, 1)
        nghttp2_session_callbacks_set_on_header_callback(callbacks, fieldArrived)
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frameArrived)
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, bytesArrived)
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, streamClosed)
        guard nghttp2_session_client_new2(&session, callbacks, nil, options) == 0, let session else {
            preconditionFailure("no memory for a connection")
        }
        return session
    }
}

// nghttp2's reports: global functions, for a closure of a main-actor context would check its thread.

private func client(_ context: UnsafeMutableRawPointer?) -> HTTP2ClientConnection? {
    context.map { Unmanaged<HTTP2ClientConnection>.fromOpaque($0).takeUnretainedValue() }
}

private func fieldArrived(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ name: UnsafePointer<UInt8>?, _ nameCount: Int,
    _ value: UnsafePointer<UInt8>?, _ valueCount: Int, _ flags: UInt8, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame, let stream = client(context)?.streams[frame.pointee.hd.stream_id] else { return 0 }
    let name = String(decoding: UnsafeBufferPointer(start: name, count: nameCount), as: UTF8.self)
    let value = String(latin1: UnsafeBufferPointer(start: value, count: valueCount))
    if name == ":status" { stream.status = Int(value) ?? 0 } else { stream.fields.append(name, value) }
    return 0
}

private func frameArrived(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame, let client = client(context) else { return 0 }
    let head = frame.pointee.hd
    let id = HTTP2StreamID(rawValue: head.stream_id)
    let isLast = head.flags & HTTP2Frame.endStream != 0
    switch HTTP2Frame.Kind(rawValue: head.type) {
    case .headers:
        guard let stream = client.streams[id.rawValue] else { break }
        client.events.append(
            .answered(ResponseHead(status: stream.status, fields: stream.fields), on: id, isLast: isLast))
    case .data: if isLast { client.events.append(.ended(id)) }
    case .settings: if head.flags & HTTP2Frame.acknowledgement == 0 { client.events.append(.configured) }
    case .goAway:
        let goAway = frame.pointee.goaway
        client.events.append(
            .goneAway(
                HTTP2ErrorCode(rawValue: goAway.error_code), last: HTTP2StreamID(rawValue: goAway.last_stream_id)))
    default: break
    }
    return 0
}

private func bytesArrived(
    _ session: OpaquePointer?, _ flags: UInt8, _ id: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let client = client(context) else { return 0 }
    client.events.append(
        .received(Array(UnsafeBufferPointer(start: bytes, count: count)), on: HTTP2StreamID(rawValue: id)))
    if client.windows == .byFrames {
        for window in [0, id] { nghttp2_submit_window_update(session, 0, window, Int32(clamping: count)) }
    }
    return 0
}

private func streamClosed(
    _ session: OpaquePointer?, _ id: Int32, _ code: UInt32, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let client = client(context) else { return 0 }
    client.streams[id] = nil
    client.events.append(.closed(HTTP2StreamID(rawValue: id), HTTP2ErrorCode(rawValue: code)))
    return 0
}

private func bytesWanted(
    _ session: OpaquePointer?, _ id: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ room: Int,
    _ flags: UnsafeMutablePointer<UInt32>?, _ source: UnsafeMutablePointer<nghttp2_data_source>?,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let stream = source?.pointee.ptr.map({ Unmanaged<HTTP2ClientStream>.fromOpaque($0).takeUnretainedValue() }),
        let buffer, !stream.queue.isEmpty || stream.isFinishing
    else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
    let count = min(room, stream.queue.count)
    stream.queue.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(start: buffer, count: count).copyBytes(from: $0.prefix(count))
    }
    stream.queue.consume(count)
    if stream.queue.isEmpty, stream.isFinishing { flags?.pointee = NGHTTP2_DATA_FLAG_EOF.rawValue }
    return count
}
