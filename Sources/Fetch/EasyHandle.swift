import CCurl
import Crypto

/// One of libcurl's easy handles, with what it received. Used by one thread, for one request.
final class EasyHandle {
    private let handle: UnsafeMutableRawPointer
    /// libcurl writes what went wrong here, while the handle lives.
    private let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    private var lists: [UnsafeMutablePointer<curl_slist>] = []
    /// What has come so far.
    var received: Received

    /// libcurl's own preparation, once a process.
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init() throws(FetchError) {
        guard Self.isReady, let handle = curl_easy_init() else {
            throw FetchError(.badRequest, "libcurl cannot be used")
        }
        self.handle = handle
        received = Received(maxBodyBytes: 0)
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(handle)
        for list in lists { curl_slist_free_all(list) }
        errorText.deallocate()
    }

    func perform() throws(FetchError) {
        let code = curl_easy_perform(handle)
        guard code == CURLE_OK else { throw FetchError(code, detail: String(cString: errorText)) }
    }

    func response() throws(FetchError) -> FetchResponse {
        let status = number(CURLINFO_RESPONSE_CODE)
        // 0 is how libcurl tells of an answer without a status line.
        guard status >= 100 else { throw FetchError(.badAnswer, "the answer has no status") }
        return FetchResponse(
            status: status, fields: received.fields, body: received.body,
            timings: FetchTimings(
                nameLookup: time(CURLINFO_NAMELOOKUP_TIME_T), connected: time(CURLINFO_CONNECT_TIME_T),
                secured: time(CURLINFO_APPCONNECT_TIME_T), firstByte: time(CURLINFO_STARTTRANSFER_TIME_T),
                total: time(CURLINFO_TOTAL_TIME_T)),
            address: text(CURLINFO_PRIMARY_IP))
    }

    private func number(_ info: CURLINFO) -> Int {
        var value = 0
        _ = shim_getinfo_long(handle, info, &value)
        return value
    }

    private func time(_ info: CURLINFO) -> Duration {
        var value: curl_off_t = 0
        _ = shim_getinfo_microseconds(handle, info, &value)
        return .microseconds(value)
    }

    private func text(_ info: CURLINFO) -> String {
        var value: UnsafeMutablePointer<CChar>?
        _ = shim_getinfo_text(handle, info, &value)
        return value.map { String(cString: $0) } ?? ""
    }
}

// MARK: Options

extension EasyHandle {
    func configure(_ request: FetchRequest) throws(FetchError) {
        received = Received(maxBodyBytes: request.maxBodyBytes)
        try set(CURLOPT_ERRORBUFFER, pointer: errorText)
        try set(CURLOPT_NOSIGNAL, 1)  // No signal may reach a process that has other threads.
        try set(CURLOPT_PROTOCOLS_STR, request.isSecureOnly ? "https" : "http,https")
        try set(CURLOPT_FOLLOWLOCATION, 0)  // The place a redirect names was not asked for.
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        try set(CURLOPT_URL, request.url)
        try set(CURLOPT_NOBODY, request.method == .head ? 1 : 0)
        try set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(request.connectTimeout))
        try set(CURLOPT_TIMEOUT_MS, Self.milliseconds(request.timeout))
        // An empty text is "no proxy", and keeps libcurl from looking into the environment.
        if !request.usesEnvironmentProxies { try set(CURLOPT_PROXY, "") }
        try set(CURLOPT_HTTPHEADER, try request.fields.map { (field) throws(FetchError) in try Self.line(field) })
        if request.method == .post { try post(request.body) }
        try verify(request)
        try direct(request)
        try listen()
    }

    /// libcurl copies what it is given, and is told the size first.
    private func post(_ body: [UInt8]) throws(FetchError) {
        try set(CURLOPT_POST, 1)
        try set(CURLOPT_POSTFIELDSIZE, body.count)
        var copied = CURLE_OK
        // A body without bytes has no address; libcurl wants one.
        (body + [0]).withUnsafeBytes { bytes in
            copied = shim_setopt_bytes(handle, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress)
        }
        try check(copied)
    }

    private func verify(_ request: FetchRequest) throws(FetchError) {
        try set(CURLOPT_SSL_VERIFYPEER, 1)
        try set(CURLOPT_SSL_VERIFYHOST, 2)
        if case .file(let path) = request.authority {
            try set(CURLOPT_CAINFO, path)
            try set(CURLOPT_CAPATH, nil)  // Else the system's directory would be believed as well.
        }
        guard !request.pins.isEmpty else { return }
        try set(
            CURLOPT_PINNEDPUBLICKEY, request.pins.map { "sha256//" + Base64.standard.encode($0) }.joined(separator: ";")
        )
    }

    private func direct(_ request: FetchRequest) throws(FetchError) {
        switch request.route {
        case .resolved: break
        case .address(let address, let port):
            // "Whatever host and port the URL names, connect here."
            try set(CURLOPT_CONNECT_TO, ["::\(Self.bracketed(address)):\(port)"])
        }
    }

    private func listen() throws(FetchError) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        try set(CURLOPT_HEADERDATA, pointer: context)
        try set(CURLOPT_WRITEDATA, pointer: context)
        try check(shim_setopt_receiver(handle, CURLOPT_HEADERFUNCTION, takeFieldLine))
        try check(shim_setopt_receiver(handle, CURLOPT_WRITEFUNCTION, takeBody))
    }

    private func set(_ option: CURLoption, _ value: Int) throws(FetchError) {
        try check(shim_setopt_long(handle, option, value))
    }

    private func set(_ option: CURLoption, _ value: String?) throws(FetchError) {
        guard value?.utf8.contains(0) != true else { throw FetchError(.badRequest, "a NUL in the request") }
        try check(shim_setopt_text(handle, option, value))
    }

    private func set(_ option: CURLoption, _ values: [String]) throws(FetchError) {
        guard !values.isEmpty else { return }
        var list: UnsafeMutablePointer<curl_slist>?
        for value in values { list = curl_slist_append(list, value) ?? list }
        guard let list else { throw FetchError(.badRequest, "no memory for the request") }
        lists.append(list)
        try check(shim_setopt_list(handle, option, list))
    }

    private func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer) throws(FetchError) {
        try check(shim_setopt_pointer(handle, option, pointer))
    }

    private func check(_ code: CURLcode) throws(FetchError) {
        guard code == CURLE_OK else { throw FetchError(code, detail: String(cString: errorText)) }
    }

    /// 0 would mean "for ever" to libcurl, and more than a day nobody means.
    private static func milliseconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = min(duration, .seconds(86_400)).components
        return max(1, Int(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000))
    }

    private static func line(_ field: (name: String, value: String)) throws(FetchError) -> String {
        let text = "\(field.name): \(field.value)"
        // RFC 9110 §5.5: a line break in a value would be a field, or a request, of its own.
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw FetchError(.badRequest, "a field has characters that cannot stand in one")
        }
        // libcurl writes a field without a value only when it is asked for with a semicolon.
        return field.value.isEmpty ? "\(field.name);" : text
    }

    private static func bracketed(_ address: String) -> String {
        address.contains(":") ? "[\(address)]" : address
    }
}
