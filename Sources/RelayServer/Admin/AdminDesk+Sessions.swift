import JSON
import Policy
import Reactor
import Telemetry

/// The sessions there are, and their end.
extension AdminDesk {
    /// A page of the sessions there are now.
    func listSessions(_ request: AdminRequest, _ reply: @escaping (AdminAnswer) -> Void) {
        do throws(StrictQuery.Fault) {
            SessionListing(try SessionQuery(request.target), reply).start(at: self)
        } catch {
            reply(.problem(400, error.sentence))
        }
    }

    /// One session, with the rules that led to its zone.
    func tellSession(_ request: AdminRequest, _ reply: @escaping (AdminAnswer) -> Void) {
        withID(of: request, reply) { id in
            let record: @Sendable (Worker, Int) -> LiveRecord? = { worker, _ in worker.records(of: [id]).first }
            ask(record) { replies in
                for case .answered(.some(let record)) in replies {
                    return reply(
                        AdminAnswer(
                            body: record.json(at: WallClock.seconds(), now: MonotonicClock.now(), withRules: true)))
                }
                reply(replies.contains(where: \.isSilent) ? .silentLoop : .noSuchSession)
            }
        }
    }

    /// Ends one session. Whoever asks again while it is ending ends nothing, and is told so.
    func endSession(_ request: AdminRequest, _ reply: @escaping (AdminAnswer) -> Void) {
        let peer = request.peer
        withID(of: request, reply) { id in
            let end: @Sendable (Worker, Int) -> Int? = { worker, _ in
                worker.records(of: [id]).isEmpty ? nil : worker.dismiss([id], SessionFilter())
            }
            ask(end) { [unowned self] replies in
                for case .answered(.some(let count)) in replies {
                    noteEnded(count, .session(id), by: peer)
                    return reply(.ended(count))
                }
                reply(replies.contains(where: \.isSilent) ? .silentLoop : .noSuchSession)
            }
        }
    }

    /// Ends the sessions of a tenant, or those of them that a filter leaves.
    func endSessions(_ request: AdminRequest, _ reply: @escaping (AdminAnswer) -> Void) {
        let peer = request.peer
        do throws(StrictQuery.Fault) {
            let filter = try SessionFilter(try StrictQuery(request.target, names: SessionFilter.names))
            guard let tenant = filter.tenant.flatMap({ TenantName($0) }) else {
                throw StrictQuery.Fault(sentence: "Name the tenant whose sessions are to end: ?tenant=NAME.")
            }
            SessionDismissal(filter) { [unowned self] outcome, count in
                noteEnded(count, .tenant(tenant.text), by: peer)
                guard case .done = outcome else { return reply(.silentLoop) }
                // A name with a slip of the pen would look like a tenant without sessions.
                let isKnown = count > 0 || status.current.policy.tenants[tenant] != nil
                reply(isKnown ? .ended(count) : .problem(404, "There is no tenant \(tenant)."))
            }.start(at: self)
        } catch {
            reply(.problem(400, error.sentence))
        }
    }

    private func withID(
        of request: AdminRequest, _ reply: (AdminAnswer) -> Void, _ body: (String) -> Void
    ) {
        do throws(StrictQuery.Fault) {
            _ = try StrictQuery(request.target, names: [])
        } catch { return reply(.problem(400, error.sentence)) }
        body(request.segments.last ?? "")
    }

    private func noteEnded(_ count: Int, _ whose: LogField, by peer: SocketAddress) {
        guard count > 0 else { return }
        log.write(.warning, .endedByOperator, whose, .count(count), .address(peer.description))
    }
}

extension AdminAnswer {
    fileprivate static let noSuchSession = AdminAnswer.problem(404, "There is no such session here, or not any more.")

    fileprivate static func ended(_ count: Int) -> AdminAnswer {
        var object = JSONObjectWriter()
        object.member("ended", count)
        return AdminAnswer(body: object.json)
    }
}
