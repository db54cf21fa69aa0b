import HTTP

/// An answer of the admin listener.
struct AdminAnswer: Equatable {
    var status = 200
    var fields: HeaderFields = [:]
    var contentType = "application/json"
    var body: [UInt8]
    /// The connection ends with it.
    var ends = false

    /// A fault told as RFC 9457 asks, with a sentence for people.
    static func problem(_ status: Int, _ sentence: String, fields: HeaderFields = [:], ends: Bool = false) -> Self {
        let problem = ProblemDetails(
            type: "about:blank", title: ResponseHead.registeredReason(status), status: status, detail: sentence)
        return AdminAnswer(
            status: status, fields: fields, contentType: ProblemDetails.contentType, body: problem.json, ends: ends)
    }

    /// The bytes on the wire; without the body in answer to `HEAD`, whose length is told all the same (RFC 9110 §9.3.2).
    func bytes(isHead: Bool) -> [UInt8] {
        var all: HeaderFields = [
            "Content-Type": contentType, "Content-Length": String(body.count), "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin",
        ]
        if fields.count("Content-Security-Policy") == 0 {
            all.append("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        }
        all.append(contentsOf: fields)
        if ends { all.append("Connection", "close") }
        do {
            return try HeadSerializer.serialize(ResponseHead(status: status, fields: all)) + (isHead ? [] : body)
        } catch {
            preconditionFailure("an answer of ours is not HTTP: \(error)")  // Its fields hold nothing that a peer sent.
        }
    }
}
