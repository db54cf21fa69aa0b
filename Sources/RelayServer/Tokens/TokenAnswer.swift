import HTTP
import JSON
import Policy

/// An answer to a request for a token. The connection ends with it: no client of the provider's asks twice in a row, and
/// nothing that comes behind the request has to be made sense of.
struct TokenAnswer: Equatable {
    private let status: Int
    private let contentType: String?
    private let body: [UInt8]
    private var fields = HeaderFields()

    /// The provider's own form: all that its clients read is `token`.
    static func minted(_ token: String, lifetime: Int) -> TokenAnswer {
        var object = JSONObjectWriter()
        object.member("token", token)
        object.member("expires_in_seconds", lifetime)
        return TokenAnswer(status: 200, contentType: "application/json", body: object.json)
    }

    /// The provider's own form.
    static func invalid(_ faults: [TokenFault]) -> TokenAnswer {
        TokenAnswer(status: 422, contentType: "application/json", body: TokenFault.json(of: faults))
    }

    /// The problem document, with the sentence once more where the provider's Node SDK looks for it.
    static func refused(_ refusal: Refusal, session: String) -> TokenAnswer {
        var problem = RefusalAnswer.problem(refusal, session: session)
        problem.extensions["error"] = refusal.sentence
        var answer = TokenAnswer(
            status: refusal.status, contentType: ProblemDetails.contentType, body: problem.json)
        for field in refusal.headerFields where field.name != "Allow" { answer.fields.append(field.name, field.value) }
        if refusal.status == 405 { answer.fields.append("Allow", allowed) }
        return answer
    }

    /// The answer to `OPTIONS`, a browser's preflight as a rule.
    static let options = TokenAnswer(status: 204, contentType: nil, body: [], fields: ["Allow": allowed])

    /// RFC 9110 §10.2.1
    private static let allowed = "GET, OPTIONS"

    /// The bytes on the wire, with what page scripts may know of them. RFC 9110 §9.3.2: a `HEAD` is not answered with a body.
    func bytes(_ access: HeaderFields, isHead: Bool = false) -> [UInt8] {
        var all = HeaderFields()
        // RFC 9110 §8.6: a 204 has no length.
        if let contentType {
            all.append("Content-Type", contentType)
            all.append("Content-Length", String(body.count))
        }
        all.append("Cache-Control", "no-store")
        all.append(contentsOf: fields)
        all.append(contentsOf: access)
        all.append("Connection", "close")
        do {
            return try HeadSerializer.serialize(ResponseHead(status: status, fields: all)) + (isHead ? [] : body)
        } catch {
            // An origin that was parsed is the only part that a peer named, and its text is made of letters and digits.
            preconditionFailure("an answer of ours is not HTTP: \(error)")
        }
    }
}
