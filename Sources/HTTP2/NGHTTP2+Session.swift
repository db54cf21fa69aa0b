import CNGHTTP2

// nghttp2's session, and how it is set.
extension NGHTTP2 {
    /// A server's session that reports to `callbacks`, which are freed here; nil without memory.
    static func makeServer(_ callbacks: OpaquePointer?) -> OpaquePointer? {
        let options = makeOptions()
        defer {
            nghttp2_session_callbacks_del(callbacks)
            nghttp2_option_del(options)
        }
        var session: OpaquePointer?
        guard callbacks != nil, options != nil, nghttp2_session_server_new2(&session, callbacks, nil, options) == 0
        else { return nil }
        return session
    }

    /// Submits our SETTINGS and opens the connection's window.
    static func submit(_ settings: HTTP2Settings, to session: OpaquePointer) {
        let entries: [(nghttp2_settings_id, UInt32)] = [
            (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.maxConcurrentStreams),
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, UInt32(clamping: settings.streamWindowBytes)),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.maxHeaderListSize),
            // RFC 8441 §3; never asked of the client.
            (NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1),
            // RFC 9218 §2.1: the tree of priorities, which let one stream starve another, is not kept.
            (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
        ]
        let values = entries.map { nghttp2_settings_entry(settings_id: Int32($0.0.rawValue), value: $0.1) }
        nghttp2_submit_settings(session, noFlags, values, values.count)
        nghttp2_session_set_local_window_size(session, noFlags, 0, settings.connectionWindowBytes)
    }

    private static func makeOptions() -> OpaquePointer? {
        var options: OpaquePointer?
        guard nghttp2_option_new(&options) == 0 else { return nil }
        // Windows are given back by `consumed`.
        nghttp2_option_set_no_auto_window_update(options, 1)
        // Streams that ended are forgotten at once.
        nghttp2_option_set_no_closed_streams(options, 1)
        // What follows is the second line behind `Suspicion`, at nghttp2's defaults or above them.
        nghttp2_option_set_max_settings(options, 32)
        nghttp2_option_set_max_outbound_ack(options, 1000)
        // It would end with INTERNAL_ERROR, and goes by a clock of its own: looser than our price.
        nghttp2_option_set_stream_reset_rate_limit(options, 2000, 66)
        // It counts a frame once for every piece that its nine bytes come in.
        nghttp2_option_set_max_continuations(
            options, (HTTP2Connection.maxContinuations + 1) * FrameScanner.headBytes)
        return options
    }
}
