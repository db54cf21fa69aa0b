/// The head of a response: its status, and its fields.
package struct ResponseHead: Equatable, Sendable {
    /// 100…599.
    package var status: Int
    /// Text for people; never a ground for a decision (RFC 9112 §4).
    package var reason: String
    /// The fields; from a parser, they leave no doubt about where the body ends.
    package var fields: HeaderFields

    /// A response head; without a reason it gets the one its status is registered with.
    package init(status: Int, reason: String? = nil, fields: HeaderFields = HeaderFields()) {
        self.status = status
        self.reason = reason ?? Self.registeredReason(status)
        self.fields = fields
    }

    /// The reason RFC 9110 §15 (RFC 6585 for 429 and 431) registers for a status; empty for statuses not answered here.
    package static func registeredReason(_ status: Int) -> String {
        switch status {
        case 101: "Switching Protocols"
        case 200: "OK"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}

extension ResponseHead {
    /// A head from its parsed parts. Throws where the fields contradict each other.
    init(_ line: StatusLine, _ fields: HeaderFields) throws(HTTPError) {
        try fields.checkBodyLength()
        self.init(status: line.status, reason: line.reason, fields: fields)
    }
}

/// `status-line = HTTP-version SP status-code SP [ reason-phrase ]` (RFC 9112 §4)
struct StatusLine: StartLine {
    let status: Int
    let reason: String

    init(parsing line: ArraySlice<UInt8>) throws(HTTPError) {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let version = HTTPVersion(parsing: parts[0]),
            parts[1].count == 3, let status = UInt16(decimal: parts[1]), 100...599 ~= status,
            parts[2].allSatisfy(FieldSyntax.isValueByte)
        else { throw .malformedStatusLine }
        try version.requireHTTP11()
        self.status = Int(status)
        reason = String(latin1: parts[2])
    }
}
