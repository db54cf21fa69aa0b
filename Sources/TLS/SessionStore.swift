import COpenSSL

/// What a session can be resumed with: the same endpoint under the same verified name.
///
/// The name is part of it because a resumed handshake shows no certificate, and so checks none.
struct SessionKey: Hashable {
    let endpoint: String
    let serverName: String
}

/// The sessions that can be resumed, a few for each endpoint.
///
/// Shared by all loops and touched once a handshake, so one lock does. It is OpenSSL's own: thread checkers know it,
/// and it needs no other module.
final class SessionStore: @unchecked Sendable {  // `sessions` is touched under `lock` only
    /// As many as connections to one endpoint are likely to begin at once; each ticket is a few KiB.
    private static let maxPerKey = 8
    /// More endpoints than a zone has; a bound in case keys are made from something unbounded.
    private static let maxKeys = 64

    private var sessions: [SessionKey: [OpaquePointer]] = [:]
    private let lock: OpaquePointer

    init() {
        guard let lock = CRYPTO_THREAD_lock_new() else { preconditionFailure("no memory for a lock") }
        self.lock = OpaquePointer(lock)
    }

    deinit {
        for kept in sessions.values { kept.forEach(SSL_SESSION_free) }
        CRYPTO_THREAD_lock_free(UnsafeMutableRawPointer(lock))
    }

    /// Keeps `session` and owns it from now on. The newest are kept.
    func put(_ session: OpaquePointer, for key: SessionKey) {
        locked {
            if sessions[key] == nil, sessions.count >= Self.maxKeys { dropOneKey() }
            var kept = sessions[key, default: []]
            if kept.count >= Self.maxPerKey { SSL_SESSION_free(kept.removeFirst()) }
            kept.append(session)
            sessions[key] = kept
        }
    }

    /// The newest session for `key`, which the caller owns from now on. It is handed out once:
    /// RFC 8446 §C.4 asks clients not to reuse a ticket.
    func take(_ key: SessionKey) -> OpaquePointer? {
        locked { sessions[key]?.popLast() }
    }

    private func dropOneKey() {
        guard let key = sessions.keys.first else { return }
        sessions.removeValue(forKey: key)?.forEach(SSL_SESSION_free)
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        CRYPTO_THREAD_write_lock(UnsafeMutableRawPointer(lock))
        defer { CRYPTO_THREAD_unlock(UnsafeMutableRawPointer(lock)) }
        return body()
    }
}
