import CCurl

/// What an answer has brought so far: the fields of its last head and its body, both bounded.
struct Received {
    private(set) var fields: [(name: String, value: String)] = []
    private(set) var body: [UInt8] = []
    private let maxBodyBytes: Int
    private var headBytes = 0

    /// Heads before the last one (1xx) count as well.
    private static let maxHeadBytes = 64 << 10

    init(maxBodyBytes: Int) {
        self.maxBodyBytes = maxBodyBytes
    }

    /// Takes one line of a head, its line end included. False when there is too much of it.
    mutating func take(line: UnsafeRawBufferPointer) -> Bool {
        headBytes += line.count
        guard headBytes <= Self.maxHeadBytes else { return false }
        let text = String(decoding: line.prefix { $0 != 0x0D && $0 != 0x0A }, as: UTF8.self)
        // A status line begins a head; those of a 1xx answer before it are over.
        guard !text.hasPrefix("HTTP/") else {
            fields = []
            return true
        }
        if let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) {
            let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            fields.append((String(text[..<colon]), String(value)))
        }
        return true
    }

    /// Takes a piece of the body. False when there is too much of it.
    mutating func take(body bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= maxBodyBytes - body.count else { return false }
        body += bytes
        return true
    }
}

// Plain functions, because a closure could carry the isolation of the place it is written in. Answering less than there was
// makes libcurl give up the request.

func takeFieldLine(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    deliver(bytes, count, context) { $0.take(line: $1) }
}

func takeBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    deliver(bytes, count, context) { $0.take(body: $1) }
}

/// curl_easy_setopt(3): `size` is always 1.
private func deliver(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
    _ take: (inout Received, UnsafeRawBufferPointer) -> Bool
) -> Int {
    guard let context else { return 0 }
    let handle = Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
    return take(&handle.received, UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
}
