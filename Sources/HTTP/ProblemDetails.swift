import JSON

/// The body that tells a refusal over HTTP (RFC 9457).
package struct ProblemDetails: Equatable, Sendable {
    /// A URI that names the kind of problem.
    package var type: String
    /// The kind of problem in a few words, the same for each occurrence.
    package var title: String
    /// The status it is answered with.
    package var status: Int
    /// What went wrong this time, as a sentence for people.
    package var detail: String
    /// A URI of this occurrence, with which support can find it; left out when nil.
    package var instance: String?
    /// Extension members (RFC 9457 §3.2), written after the others in the order of their names.
    package var extensions: [String: String]

    /// A problem; names among `extensions` must not be those of the members above.
    package init(
        type: String, title: String, status: Int, detail: String, instance: String? = nil,
        extensions: [String: String] = [:]
    ) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.instance = instance
        self.extensions = extensions
    }

    /// RFC 9457 §6.1
    package static let contentType = "application/problem+json"

    /// The body.
    package var json: [UInt8] {
        var object = JSONObjectWriter()
        object.member("type", type)
        object.member("title", title)
        object.member("status", status)
        object.member("detail", detail)
        if let instance { object.member("instance", instance) }
        for (name, value) in extensions.sorted(by: { $0.key < $1.key }) { object.member(name, value) }
        return object.json
    }
}
