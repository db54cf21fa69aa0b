import Crypto
import HTTP
import Reactor

/// Who may ask the admin listener: whoever shows the token, or without one, programs of this machine that are no web page.
struct AdminGuard: Sendable {
    /// Nil on loopback only.
    let token: Secret?

    /// Why the request is not heard; nil when it is.
    func refusal(of head: RequestHead, from peer: SocketAddress) -> AdminAnswer? {
        guard isOwnPage(head) else { return Self.forbidden("Pages of other sites may not ask here.") }
        guard let token else {
            guard peer.isLoopback else { return Self.forbidden("Without a token only this machine may ask.") }
            // A name that an attacker makes point at 127.0.0.1 makes their page "same origin": DNS rebinding.
            guard namesThisMachine(head) else {
                return Self.forbidden("Use an address or localhost as the host, or configure a token.")
            }
            return nil
        }
        guard shows(token, head) else {
            return .problem(
                401, "Show the token: Authorization: Bearer TOKEN.",
                fields: ["WWW-Authenticate": "Bearer realm=\"tidegate-admin\""], ends: true)
        }
        return nil
    }

    /// Browsers say where a request comes from. Other programs say nothing.
    private func isOwnPage(_ head: RequestHead) -> Bool {
        let host = head.fields.first("Host") ?? ""
        let isOwn = head.fields.all("Origin").allSatisfy { $0 == "http://\(host)" }
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
