import HTTP

/// Collects the fields of a request as they are decompressed, within the limits of HTTP/1.1, so that what it holds is
/// bounded while they arrive and not only once they are complete.
struct HeadCollector {
    private let limits: HTTPLimits
    private var pseudo = PseudoFields()
    private var fields = HeaderFields()
    private var bytes = 0
    /// The limit that was broken; from then on nothing is kept.
    private(set) var error: HTTPError?

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Takes one field line. False when it is not kept, because a limit is broken.
    mutating func add(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) -> Bool {
        // As HTTP/1.1 writes it: a colon and a space between, CR LF behind.
        let lineBytes = name.count + value.count + 4
        if error == nil { error = broken(by: lineBytes, isPath: isPath(name)) }
        guard error == nil else {
            discard()
            return false
        }
        bytes += lineBytes
        keep(String(decoding: name, as: UTF8.self), value)
        return true
    }

    /// The head, once all of it is there. Throws the rule or the limit it broke.
    func head() throws(HTTPError) -> RequestHead {
        if let error { throw error }
        return try RequestHead(pseudo, fields)
    }

    private func broken(by lineBytes: Int, isPath: Bool) -> HTTPError? {
        if isPath {
            if lineBytes > limits.maxStartLineBytes { return .startLineTooLong }
        } else if lineBytes > limits.maxFieldLineBytes {
            return .fieldLineTooLong
        }
        if lineBytes > limits.maxHeadBytes - bytes { return .headTooLarge }
        return fields.count < limits.maxFields ? nil : .tooManyFields
    }

    /// nghttp2 has checked that they are pseudo-fields of requests, before all other fields and no more than once.
    private mutating func keep(_ name: String, _ value: UnsafeBufferPointer<UInt8>) {
        let value = String(latin1: value)
        switch name {
        case ":method": pseudo.method = value
        case ":scheme": pseudo.scheme = value
        case ":authority": pseudo.authority = value
        case ":path": pseudo.path = value
        case ":protocol": pseudo.protocol = value
        default: fields.append(name, value)
        }
    }

    private func isPath(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        name.elementsEqual(":path".utf8)
    }

    private mutating func discard() {
        pseudo = PseudoFields()
        fields = HeaderFields()
    }
}
