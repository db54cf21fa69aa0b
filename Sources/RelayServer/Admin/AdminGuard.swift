import Crypto
import HTTP
import Reactor

/// Who may ask the admin listener: whoever shows the token, or without one, programs of this machine that are no web page but
/// the listener's own.
struct AdminGuard: Sendable {
    /// Nil on loopback only.
    let token: Secret?

    /// What a request that changes something carries where there is no token. A page of another site would have to ask for
    /// leave first to send it (Fetch Standard §4.8, CORS preflight), and is never given that.
    static let changeField = "Tidegate-Admin"

    /// Why the request is not heard; nil when it is.
    ///
    /// - Parameter isPage: it asks for a page, which holds nothing but code.
    func refusal(of head: RequestHead, from peer: SocketAddress, isPage: Bool = false) -> AdminAnswer? {
        guard token != nil || peer.isLoopback else {
            return Self.forbidden("Without a token only this machine may ask.")
        }
        // A name that an attacker makes point at 127.0.0.1 makes their page "same origin": DNS rebinding.
        guard token != nil || namesThisMachine(head) else {
            return Self.forbidden("Use an address or localhost as the host, or configure a token.")
        }
        // Any site may link to a page, and whoever follows the link has no token shown yet.
        if isPage { return nil }
        guard isOwnPage(head) else { return Self.forbidden("Pages of other sites may not ask here.") }
        guard let token else { return isChange(head) ? refusalOfChange(head) : nil }
        guard shows(token, head) else {
            return .problem(
                401, "Show the token: Authorization: Bearer TOKEN.",
                fields: ["WWW-Authenticate": "Bearer realm=\"tidegate-admin\""], ends: true)
        }
        return nil
    }

    /// RFC 9110 §9.2.1
    private func isChange(_ head: RequestHead) -> Bool {
        !["GET", "HEAD", "OPTIONS"].contains(head.method)
    }

    private func refusalOfChange(_ head: RequestHead) -> AdminAnswer? {
        guard head.fields.count(Self.changeField) == 0 else { return nil }
        return Self.forbidden("A request that changes something needs the field \(Self.changeField): 1.")
    }

    /// Browsers say where a request comes from. Other programs say nothing.
    private func isOwnPage(_ head: RequestHead) -> Bool {
        let host = head.fields.first("Host") ?? ""
        // Off loopback TLS stands in front of the listener, and the token is what proves.
        let schemes = token == nil ? ["http"] : ["http", "https"]
        let isOwn = head.fields.all("Origin").allSatisfy { origin in schemes.contains { origin == "\($0)://\(host)" } }
        // Fetch Metadata: what a page of another site causes without an Origin, such as an image.
        let site = head.fields.first("Sec-Fetch-Site") ?? "none"
        return isOwn && head.fields.count("Origin") <= 1 && ["none", "same-origin"].contains(site)
    }

    private func namesThisMachine(_ head: RequestHead) -> Bool {
        guard let name = head.host?.name else { return false }
        return name == "localhost" || SocketAddress(literal: name, port: 0) != nil
    }

    /// Digests are compared, so that the time taken does not tell the token's length either.
    private func shows(_ token: Secret, _ head: RequestHead) -> Bool {
        let values = head.fields.all("Authorization")
        guard values.count == 1, let value = values.first,
            FieldSyntax.equalIgnoringCase(value.prefix("bearer ".count), "bearer ")
        else { return false }
        let shown = value.dropFirst("bearer ".count).drop { $0 == " " }
        return ConstantTime.equal(
            Secret(shown).withBytes { Digest.sha256($0.bytes) }, token.withBytes { Digest.sha256($0.bytes) })
    }

    private static func forbidden(_ sentence: String) -> AdminAnswer {
        .problem(403, sentence, ends: true)
    }
}
