import CNGHTTP2

/// nghttp2's constants as the types its functions take: the importer gives enumerations, the functions want numbers.
enum NGHTTP2 {
    static let data = UInt8(truncatingIfNeeded: NGHTTP2_DATA.rawValue)
    static let headers = UInt8(truncatingIfNeeded: NGHTTP2_HEADERS.rawValue)
    static let priority = UInt8(truncatingIfNeeded: NGHTTP2_PRIORITY.rawValue)
    static let resetStream = UInt8(truncatingIfNeeded: NGHTTP2_RST_STREAM.rawValue)
    static let settings = UInt8(truncatingIfNeeded: NGHTTP2_SETTINGS.rawValue)
    static let ping = UInt8(truncatingIfNeeded: NGHTTP2_PING.rawValue)
    static let goAway = UInt8(truncatingIfNeeded: NGHTTP2_GOAWAY.rawValue)
    static let windowUpdate = UInt8(truncatingIfNeeded: NGHTTP2_WINDOW_UPDATE.rawValue)
    static let continuation = UInt8(truncatingIfNeeded: NGHTTP2_CONTINUATION.rawValue)
    static let priorityUpdate = UInt8(truncatingIfNeeded: NGHTTP2_PRIORITY_UPDATE.rawValue)

    static let noFlags = UInt8(truncatingIfNeeded: NGHTTP2_FLAG_NONE.rawValue)
    static let padded = UInt8(truncatingIfNeeded: NGHTTP2_FLAG_PADDED.rawValue)
    static let endStream = UInt8(truncatingIfNeeded: NGHTTP2_FLAG_END_STREAM.rawValue)
    static let acknowledgement = UInt8(truncatingIfNeeded: NGHTTP2_FLAG_ACK.rawValue)

    static let callbackFailed = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    static let badPreface = NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue
    static let tooManyContinuations = NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue
    static let flooded = NGHTTP2_ERR_FLOODED.rawValue
    static let deferred = Int(NGHTTP2_ERR_DEFERRED.rawValue)
    static let paused = Int(NGHTTP2_ERR_PAUSE.rawValue)

    static let endOfData = NGHTTP2_DATA_FLAG_EOF.rawValue
    static let notCopied = NGHTTP2_DATA_FLAG_NO_COPY.rawValue

    /// What nghttp2 calls one of its errors.
    static func words(of result: Int32) -> String {
        nghttp2_strerror(result).map { String(cString: $0) } ?? ""
    }
}
