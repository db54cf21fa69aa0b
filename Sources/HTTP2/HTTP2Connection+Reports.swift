import Bytes
import CNGHTTP2
import HTTP

// What nghttp2 reports while it reads.
extension HTTP2Connection {
    func headBegan(_ id: Int32) {
        let stream = HTTP2Stream(id: HTTP2StreamID(rawValue: id), head: HeadCollector(limits: settings.head))
        streams[id] = stream
        nghttp2_session_set_stream_user_data(session, id, Unmanaged.passUnretained(stream).toOpaque())
        // RFC 9218: all streams alike, and each in its turn; what the client would prefer is not asked.
        var turns = nghttp2_extpri(urgency: UInt32(NGHTTP2_EXTPRI_DEFAULT_URGENCY), inc: 1)
        nghttp2_session_change_extpri_stream_priority(session, id, &turns, 1)
    }

    /// False when the budget is used up.
    func fieldArrived(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>, on id: Int32) -> Bool {
        let isKept = stream(id)?.head?.add(name, value) ?? false
        if !isKept { suspicion.note(.sentUselessFields, count: 1 + (name.count + value.count) >> 10, now: now) }
        return !suspicion.isExhausted
    }

    func headCompleted(_ id: Int32, isLast: Bool) {
        guard let stream = stream(id), let collected = stream.head else { return }
        stream.head = nil
        stream.isAnnounced = true
        do throws(HTTPError) {
            let head = try collected.head()
            delegate?.requested(head, on: stream.id, isLast: isLast)
        } catch {
            stream.isRefused = true
            delegate?.refused(error, on: stream.id)
        }
    }

    func dataArrived(_ bytes: UnsafeRawBufferPointer, on id: Int32) {
        nghttp2_session_consume_connection(session, bytes.count)
        guard let stream = stream(id), !stream.isRefused else {
            nghttp2_session_consume_stream(session, id, bytes.count)
            return
        }
        if !stream.isReset { delegate?.received(bytes.bytes, on: stream.id) }
    }

    func peerEnded(_ id: Int32) {
        guard let stream = stream(id), !stream.isRefused else { return }
        delegate?.ended(stream.id)
    }

    func streamClosed(_ id: Int32, _ code: HTTP2ErrorCode) {
        guard let stream = streams.removeValue(forKey: id) else { return }
        nghttp2_session_set_stream_user_data(session, id, nil)
        stream.isGone = true
        guard stream.isAnnounced else { return }
        if output != nil { gone.append((stream, code)) } else { delegate?.closed(stream.id, code) }
    }
}

// What nghttp2 asks for and reports while it writes.
extension HTTP2Connection {
    /// What a stream can give for one frame.
    enum Supply {
        /// The frame is as long as this; `isLast` ends the stream on our side.
        case bytes(Int, isLast: Bool)
        /// Nothing is queued.
        case none
        /// There is enough in the output for now.
        case later
    }

    func dataWanted(of stream: HTTP2Stream, room: Int) -> Supply {
        guard let output, output.pointee.count < limit else { return .later }
        let queued = stream.queue.count
        guard queued > 0 || stream.isFinishing else {
            stream.isDeferred = true
            return .none
        }
        let count = min(queued, room)
        // Whoever opens windows by a few bytes at a time gets as many frames.
        if count < queued, count < Self.sliverBytes { suspicion.note(.tookSliver, now: now) }
        return .bytes(count, isLast: count == queued && stream.isFinishing)
    }

    /// Writes one DATA frame straight from the stream's queue.
    func dataLeaves(of stream: HTTP2Stream, behind head: UnsafeRawBufferPointer, count: Int) {
        guard let output else { return }
        output.pointee.append(head)
        stream.queue.withUnsafeBytes { output.pointee.append(UnsafeRawBufferPointer(rebasing: $0.prefix(count))) }
        stream.queue.consume(count)
        if stream.queue.isEmpty { keepSpare(&stream.queue) }
        if count >= Self.sliverBytes || stream.queue.isEmpty { suspicion.excuseWindowUpdates(4) }
        guard count > 0 else { return }
        stream.hasMoved = true
        guard !stream.hasWritten else { return }
        stream.hasWritten = true
        written.append(stream)
    }

    func frameLeft() {
        frameCount &+= 1
    }

    func endLeft(_ id: Int32) {
        guard let stream = stream(id), let code = stream.resetAfterwards else { return }
        stream.isReset = true
        nghttp2_submit_rst_stream(session, NGHTTP2.noFlags, id, code.rawValue)
    }

    func resetLeft(_ id: Int32) {
        if stream(id)?.isReset != true { suspicion.note(.provokedReset, now: now) }
    }

    func goAwayLeft(_ code: HTTP2ErrorCode, _ words: String) {
        guard code != .noError else { return }
        ended = end ?? HTTP2Error(code: code, detail: words)
    }

    /// Envoy counts frames for this; nginx and Apache have buffers that wait for more room than that.
    private static let sliverBytes = 256

    /// Memory of one queue is kept: a message that comes and goes allocates nothing. Not more of it than a page, for an
    /// idle connection keeps it.
    private func keepSpare(_ queue: inout ByteQueue) {
        if !spare.holdsStorage, queue.storageByteCount <= 4096 { swap(&queue, &spare) } else { queue.releaseStorage() }
    }
}
