import HTTP
import Policy

/// Which answers a page's scripts may read: CORS (Fetch Standard, §3.3).
///
/// Nothing here lets anybody in: a page that mints a token shows a credential, as every program does. No cookie is ever
/// one, so `Access-Control-Allow-Credentials` is never sent.
struct PageAccess: Equatable {
    /// The page that asks, where it is one of ours.
    private let origin: Origin?

    /// - Parameters:
    ///   - origins: every `Origin` field of the request.
    ///   - tenant: whom the request proved; nil: nobody, and any tenant's page may learn that.
    ///   - pages: those of all tenants.
    init(_ origins: [String], tenant: Tenant?, pages: OriginSet) {
        let page = origins.count == 1 ? origins.first.flatMap { Origin($0) } : nil
        origin = page.flatMap { page in
            let isKnown = tenant.map { $0.origins.contains { $0.matches(page) } } ?? pages.contains(page)
            return isKnown ? page : nil
        }
    }

    /// What an answer says of it; nothing to a page that is nobody's.
    var fields: HeaderFields {
        guard let origin else { return [:] }
        // Fetch Standard §3.3.2: what a browser compares is the origin as it serialises it, and so does `Origin`.
        return ["Access-Control-Allow-Origin": origin.description, "Vary": "Origin"]
    }

    /// What the answer to a preflight says (Fetch Standard §3.3.3).
    var preflightFields: HeaderFields {
        guard origin != nil else { return [:] }
        var all = fields
        all.append("Access-Control-Allow-Methods", "GET")
        // What the provider's SDK sends from a page; Chromium has the last instead of User-Agent.
        all.append("Access-Control-Allow-Headers", "authorization, content-type, user-agent, assemblyai-agent")
        all.append("Access-Control-Max-Age", "600")
        return all
    }
}
