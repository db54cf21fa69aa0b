import HTTP
import JSON
import Policy

/// An answer to a request for a token.
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
        var problem = Answer.problem(refusal, session: session)
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

    /// The answer as it is told, with what page scripts may know of it.
    func answer(_ access: HeaderFields, isHead: Bool = false) -> Answer {
        var all = fields
        all.append(contentsOf: access)
        return Answer(status, contentType: contentType, body: body, isHead: isHead, fields: all)
    }
}
