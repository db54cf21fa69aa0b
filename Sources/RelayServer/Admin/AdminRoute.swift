import HTTP
import Reactor

/// One path of the admin listener and what may be done there.
struct AdminRoute: Sendable {
    /// The path's segments; `*` is any one.
    let path: [String]
    /// What answers, by method. `HEAD` goes where `GET` does.
    let methods: [String: Handler]

    /// What is there is code and no data.
    var isPage = false

    /// Answers a request, now or later, once.
    typealias Handler = @Sendable (AdminRequest, AdminDesk, @escaping (AdminAnswer) -> Void) -> Void

    /// Everything there is.
    static let all: [AdminRoute] = [
        AdminRoute(path: ["healthz"], methods: ["GET": { _, desk, reply in desk.tellHealth(reply) }]),
        AdminRoute(path: ["readyz"], methods: ["GET": { _, desk, reply in desk.tellReadiness(reply) }]),
        AdminRoute(path: ["metrics"], methods: ["GET": { _, desk, reply in desk.tellMetrics(reply) }]),
        AdminRoute(path: ["status"], methods: ["GET": { _, desk, reply in desk.tellStatus(reply) }]),
        AdminRoute(
            path: ["sessions"],
            methods: [
                "GET": { request, desk, reply in desk.listSessions(request, reply) },
                "DELETE": { request, desk, reply in desk.endSessions(request, reply) },
            ]),
        AdminRoute(
            path: ["sessions", "*"],
            methods: [
                "GET": { request, desk, reply in desk.tellSession(request, reply) },
                "DELETE": { request, desk, reply in desk.endSession(request, reply) },
            ]),
        AdminRoute(
            path: ["decisions"], methods: ["GET": { request, desk, reply in desk.listDecisions(request, reply) }]),
        AdminRoute(path: [""], methods: ["GET": { _, _, reply in reply(AdminPage.console.answer) }], isPage: true),
        AdminRoute(path: ["try"], methods: ["GET": { _, _, reply in reply(AdminPage.tryIt.answer) }], isPage: true),
        AdminRoute(
            path: ["try", "resampler.js"], methods: ["GET": { _, _, reply in reply(AdminPage.resampler) }],
            isPage: true),
        AdminRoute(path: ["try", "choices"], methods: ["GET": { _, desk, reply in desk.tellChoices(reply) }]),
        AdminRoute(
            path: ["try", "token"], methods: ["POST": { request, desk, reply in desk.mintToken(request, reply) }]),
    ]

    /// What answers `head`, or why nothing does.
    static func find(_ head: RequestHead, from peer: SocketAddress, in routes: [AdminRoute] = all) -> Result<
        Found, Problem
    > {
        guard let segments = try? head.target.segments() else {
            return .failure(Problem(.problem(400, "The path is ambiguous.", ends: true)))
        }
        guard let route = routes.first(where: { $0.matches(segments) }) else {
            return .failure(Problem(.problem(404, "There is nothing at this path.")))
        }
        guard let handler = route.methods[head.method == "HEAD" ? "GET" : head.method] else {
            return .failure(Problem(.problem(405, "This cannot be done here.", fields: ["Allow": route.allowed])))
        }
        return .success(
            Found(request: AdminRequest(segments: segments, head: head, peer: peer), handler: handler))
    }

    /// Whether what is asked for may be given to anybody who may connect.
    static func isForPage(_ head: RequestHead) -> Bool {
        guard ["GET", "HEAD"].contains(head.method), let segments = try? head.target.segments() else { return false }
        return all.first { $0.matches(segments) }?.isPage ?? false
    }

    private func matches(_ segments: [String]) -> Bool {
        path.count == segments.count && zip(path, segments).allSatisfy { $0 == "*" || $0 == $1 }
    }

    private var allowed: String {
        (methods.keys + (methods["GET"] == nil ? [] : ["HEAD"])).sorted().joined(separator: ", ")
    }

    struct Found {
        let request: AdminRequest
        let handler: Handler
    }

    struct Problem: Error {
        let answer: AdminAnswer
        init(_ answer: AdminAnswer) { self.answer = answer }
    }
}

/// A request that somebody may make.
struct AdminRequest {
    /// The path's segments, those that `*` stands for among them.
    let segments: [String]
    let head: RequestHead
    /// Who asks.
    let peer: SocketAddress

    var target: RequestTarget { head.target }
}
