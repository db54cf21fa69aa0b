import HTTP
import Identity
import Policy
import WebSocket

/// An answer that opens no WebSocket: a refusal, a token, or what a request for one deserves. What carried the request ends
/// with it.
struct Answer: Equatable {
    let status: Int
    /// Over HTTP/1.1; `http2Head` leaves out what only concerns a connection.
    private(set) var fields = HeaderFields()
    /// Empty for an answer to `HEAD`, whose fields speak of what is left out.
    private(set) var body: [UInt8] = []

    /// - Parameters:
    ///   - contentType: nil: the answer has no content, and no length (RFC 9110 §8.6: a 204 has none).
    ///   - isHead: RFC 9110 §9.3.2: a `HEAD` is not answered with a body.
    ///   - fields: those of the answer's own.
    init(
        _ status: Int, contentType: String?, body: [UInt8] = [], isHead: Bool = false, fields own: HeaderFields = [:]
    ) {
        self.status = status
        if let contentType {
            fields.append("Content-Type", contentType)
            fields.append("Content-Length", String(body.count))
        }
        fields.append("Cache-Control", "no-store")
        fields.append(contentsOf: own)
        self.body = isHead ? [] : body
    }

    /// A refusal with its problem document (RFC 9457).
    init(_ refusal: Refusal, session: String) {
        var fields = HeaderFields()
        for field in refusal.headerFields { fields.append(field.name, field.value) }
        self.init(
            refusal.status, contentType: ProblemDetails.contentType,
            body: Self.problem(refusal, session: session).json, fields: fields)
    }

    /// What is told of a refusal, wherever it is told over HTTP.
    static func problem(_ refusal: Refusal, session: String) -> ProblemDetails {
        ProblemDetails(
            type: refusal.name.type, title: ResponseHead.registeredReason(refusal.status), status: refusal.status,
            detail: refusal.sentence, instance: "urn:tidegate:session:\(session)",
            extensions: refusal.site.map { ["site": $0] } ?? [:])
    }

    /// The bytes on the wire of HTTP/1.1. The connection ends with them: what may follow on it was meant for a WebSocket and
    /// must not be read as another request.
    var http1Bytes: [UInt8] {
        var fields = fields
        // RFC 9110 §7.8: `Connection` names the upgrade where one is offered, and always the end of the connection.
        let upgrade = fields.first("Connection").map { "\($0), close" }
        fields.removeAll("Connection")
        fields.append("Connection", upgrade ?? "close")
        return HeadSerializer.bytes(of: ResponseHead(status: status, fields: fields)) + body
    }

    /// The head over HTTP/2. RFC 9113 §8.2.2: nothing in it speaks of a connection.
    var http2Head: ResponseHead {
        var fields = fields
        for name in ["Connection", "Upgrade"] { fields.removeAll(name) }
        return ResponseHead(status: status, fields: fields)
    }
}

/// The answer that opens a session.
enum OpeningAnswer {
    /// The head of the answer to `upgrade`: no extension, and of the subprotocols only Tidegate's own, never a credential.
    static func head(to upgrade: UpgradeRequest) -> ResponseHead {
        let subprotocol = upgrade.offeredSubprotocols.contains(Credential.subprotocol) ? Credential.subprotocol : nil
        return OpeningHandshake.response(to: upgrade, subprotocol: subprotocol)
    }
}

extension HeadSerializer {
    /// Heads of the relay's own hold nothing that a peer sent unparsed, so they can always be written.
    static func bytes(of head: ResponseHead) -> [UInt8] {
        do { return try serialize(head) } catch {
            preconditionFailure("an answer of ours is not HTTP: \(error)")
        }
    }
}
