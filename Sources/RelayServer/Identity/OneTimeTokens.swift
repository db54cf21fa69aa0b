import Identity
import Reactor

/// The ledger of tokens that open one session, shared by all loops. Thread-safe.
final class OneTimeTokens: Sendable {
    private let ledger = Lock(TokenLedger())

    func isSpent(_ token: OneTime) -> Bool {
        ledger.withLock { $0.isSpent(token) }
    }

    /// As `TokenLedger.attempt`. The notice is called on the thread of whoever tries next, and must not call back.
    func attempt(_ token: OneTime, by session: String, _ notice: @escaping TokenLedger.Notice) -> Bool {
        ledger.withLock { $0.attempt(token, by: session, at: WallClock.seconds(), notice) }
    }

    func spend(_ token: OneTime, by session: String) -> Bool {
        ledger.withLock { $0.spend(token, by: session) }
    }

    func giveUp(_ token: OneTime, by session: String) {
        ledger.withLock { $0.giveUp(token, by: session) }
    }
}
