import CNGHTTP2

/// nghttp2's reports, each handed to the connection it is about. Global functions and not closures: a closure written in
/// a main-actor context would check on which thread it runs, and stop the process on any but one.
///
/// None of them ends the session: nghttp2 goes on with the frame it was reporting, and up to its 1.52.0-1+deb12u2 it did
/// so with an assertion (CVE-2026-27135). What has to end ends when nghttp2 has returned.
enum HTTP2Callbacks {
    /// The functions below, as nghttp2 wants them. To be freed with `nghttp2_session_callbacks_del`.
    static func make() -> OpaquePointer? {
        var callbacks: OpaquePointer?
        guard nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, fieldsBegan)
        nghttp2_session_callbacks_set_on_header_callback(callbacks, fieldArrived)
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frameArrived)
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, dataArrived)
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, streamClosed)
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, frameLeft)
        nghttp2_session_callbacks_set_send_data_callback(callbacks, dataLeaves)
        return callbacks
    }

    /// Where nghttp2 asks for the bytes of a stream.
    static func source(of stream: HTTP2Stream) -> nghttp2_data_provider {
        nghttp2_data_provider(
            source: nghttp2_data_source(ptr: Unmanaged.passUnretained(stream).toOpaque()), read_callback: dataWanted)
    }
}

private func connection(_ context: UnsafeMutableRawPointer?) -> HTTP2Connection? {
    context.map { Unmanaged<HTTP2Connection>.fromOpaque($0).takeUnretainedValue() }
}

private func stream(_ source: UnsafeMutablePointer<nghttp2_data_source>?) -> HTTP2Stream? {
    source?.pointee.ptr.map { Unmanaged<HTTP2Stream>.fromOpaque($0).takeUnretainedValue() }
}

private func fieldsBegan(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame, let connection = connection(context) else { return NGHTTP2.callbackFailed }
    if frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST { connection.headBegan(frame.pointee.hd.stream_id) }
    return 0
}

private func fieldArrived(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ name: UnsafePointer<UInt8>?, _ nameCount: Int,
    _ value: UnsafePointer<UInt8>?, _ valueCount: Int, _ flags: UInt8, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame, let connection = connection(context) else { return NGHTTP2.callbackFailed }
    let goesOn = connection.fieldArrived(
        UnsafeBufferPointer(start: name, count: nameCount), UnsafeBufferPointer(start: value, count: valueCount),
        on: frame.pointee.hd.stream_id)
    return goesOn ? 0 : NGHTTP2.callbackFailed
}

private func frameArrived(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame, let connection = connection(context) else { return NGHTTP2.callbackFailed }
    let head = frame.pointee.hd
    let isLast = head.flags & NGHTTP2.endStream != 0
    switch head.type {
    case NGHTTP2.headers where frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST:
        connection.headCompleted(head.stream_id, isLast: isLast)
    case NGHTTP2.headers, NGHTTP2.data:
        if isLast { connection.peerEnded(head.stream_id) }
    default: break
    }
    return 0
}

private func dataArrived(
    _ session: OpaquePointer?, _ flags: UInt8, _ id: Int32, _ bytes: UnsafePointer<UInt8>?, _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let connection = connection(context) else { return NGHTTP2.callbackFailed }
    connection.dataArrived(UnsafeRawBufferPointer(start: bytes, count: count), on: id)
    return 0
}

private func streamClosed(
    _ session: OpaquePointer?, _ id: Int32, _ code: UInt32, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let connection = connection(context) else { return NGHTTP2.callbackFailed }
    connection.streamClosed(id, HTTP2ErrorCode(rawValue: code))
    return 0
}

private func frameLeft(
    _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let frame, let connection = connection(context) else { return NGHTTP2.callbackFailed }
    let head = frame.pointee.hd
    connection.frameLeft()
    switch head.type {
    case NGHTTP2.headers, NGHTTP2.data:
        if head.flags & NGHTTP2.endStream != 0 { connection.endLeft(head.stream_id) }
    case NGHTTP2.resetStream: connection.resetLeft(head.stream_id)
    case NGHTTP2.goAway:
        let words = UnsafeBufferPointer(
            start: frame.pointee.goaway.opaque_data, count: frame.pointee.goaway.opaque_data_len)
        connection.goAwayLeft(
            HTTP2ErrorCode(rawValue: frame.pointee.goaway.error_code), String(decoding: words, as: UTF8.self))
    default: break
    }
    return 0
}

private func dataWanted(
    _ session: OpaquePointer?, _ id: Int32, _ buffer: UnsafeMutablePointer<UInt8>?, _ room: Int,
    _ flags: UnsafeMutablePointer<UInt32>?, _ source: UnsafeMutablePointer<nghttp2_data_source>?,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let flags, let stream = stream(source), let connection = connection(context) else {
        return Int(NGHTTP2.callbackFailed)
    }
    switch connection.dataWanted(of: stream, room: room) {
    case .later: return NGHTTP2.paused
    case .none: return NGHTTP2.deferred
    case .bytes(let count, let isLast):
        flags.pointee = NGHTTP2.notCopied | (isLast ? NGHTTP2.endOfData : 0)
        return count
    }
}

private func dataLeaves(
    _ session: OpaquePointer?, _ frame: UnsafeMutablePointer<nghttp2_frame>?, _ head: UnsafePointer<UInt8>?,
    _ count: Int, _ source: UnsafeMutablePointer<nghttp2_data_source>?, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    guard let stream = stream(source), let connection = connection(context) else { return NGHTTP2.callbackFailed }
    connection.dataLeaves(
        of: stream, behind: UnsafeRawBufferPointer(start: head, count: FrameScanner.headBytes), count: count)
    return 0
}
