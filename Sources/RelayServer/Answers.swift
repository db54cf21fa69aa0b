import HTTP
import Identity
import Policy
import WebSocket

/// The 101 of a session.
enum OpeningAnswer {
    /// The bytes of the answer to `upgrade`: no extension, and of the subprotocols only Tidegate's own, never a credential.
    static func bytes(to upgrade: UpgradeRequest?) -> [UInt8] {
        guard let upgrade else { return [] }
        let subprotocol = upgrade.offeredSubprotocols.contains(Credential.subprotocol) ? Credential.subprotocol : nil
        return bytes(of: OpeningHandshake.response(to: upgrade, subprotocol: subprotocol))
    }
}

/// A refusal over HTTP.
enum RefusalAnswer {
    /// The answer with its problem document (RFC 9457). The connection ends with it: what may follow on it was meant for a
    /// WebSocket and must not be read as another request.
    static func bytes(_ refusal: Refusal, session: String) -> [UInt8] {
        let body = problem(refusal, session: session).json
        var fields = HeaderFields()
        fields.append("Content-Type", ProblemDetails.contentType)
        fields.append("Content-Length", String(body.count))
        fields.append("Cache-Control", "no-store")
        let own = refusal.headerFields
        for field in own { fields.append(field.name, field.value) }
        // RFC 9110 §7.8: `Connection` names the upgrade where one is offered, and always the end of the connection.
        let upgrade = fields.first("Connection").map { "\($0), close" }
        fields.removeAll("Connection")
        fields.append("Connection", upgrade ?? "close")
        return OpeningAnswer.bytes(of: ResponseHead(status: refusal.status, fields: fields)) + body
    }

    /// What is told of a refusal, wherever it is told over HTTP.
    static func problem(_ refusal: Refusal, session: String) -> ProblemDetails {
        ProblemDetails(
            type: refusal.name.type, title: ResponseHead.registeredReason(refusal.status), status: refusal.status,
            detail: refusal.sentence, instance: "urn:tidegate:session:\(session)",
            extensions: refusal.site.map { ["site": $0] } ?? [:])
    }
}

extension OpeningAnswer {
    /// Heads of the relay's own hold nothing that a peer sent, so they can always be written.
    fileprivate static func bytes(of head: ResponseHead) -> [UInt8] {
        do { return try HeadSerializer.serialize(head) } catch {
            preconditionFailure("an answer of ours is not HTTP: \(error)")
        }
    }
}
