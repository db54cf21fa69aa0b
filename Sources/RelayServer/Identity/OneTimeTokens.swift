import Identity
import Policy
import Reactor
import RelayCore
import Timing

/// The ledger of tokens that open one session and the limits of minting them, shared by all loops. Thread-safe.
///
/// It lives as long as the process. So a token from before is refused: nobody remembers whether it has been used.
final class OneTimeTokens: Sendable {
    private let ledger = Lock(TokenLedger())
    private let mints: Lock<MintLimits>
    private let start = MonotonicClock.now()

    /// - Parameter rules: how many are minted.
    init(_ rules: MintLimits.Rules = MintLimits.Rules()) {
        mints = Lock(MintLimits(rules))
    }

    /// Whether one more may be minted; then it counts.
    func admitMint(for tenant: TenantName, by credential: Credential?, now: Instant) -> Admission {
        mints.withLock { $0.take(for: tenant, showing: credential, now: now) }
    }

    /// Why the token opens no session any more; nil: it may.
    func objection(to token: OneTime) -> IdentityOutcome? {
        let uptime = MonotonicClock.now().duration(since: start)
        return ledger.withLock { $0.objection(to: token, at: WallClock.seconds(), uptime: uptime) }
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
