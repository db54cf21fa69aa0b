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
    /// Others remember, too, and are asked.
    private let isShared: Bool

    /// - Parameters:
    ///   - rules: how many are minted.
    ///   - isShared: relays that are asked remember what came of a token.
    init(_ rules: MintLimits.Rules = MintLimits.Rules(), isShared: Bool = false) {
        mints = Lock(MintLimits(rules))
        self.isShared = isShared
    }

    /// Whether one more may be minted; then it counts.
    func admitMint(for tenant: TenantName, by credential: Credential?, now: Instant) -> Admission {
        mints.withLock { $0.take(for: tenant, showing: credential, now: now) }
    }

    /// Why the token opens no session any more; nil: it may, as far as is known here.
    func objection(to token: OneTime) -> IdentityOutcome? {
        objection(to: token, remembersAlone: !isShared)
    }

    /// The same, where others cannot be asked if `remembersAlone`.
    func objection(to token: OneTime, remembersAlone: Bool) -> IdentityOutcome? {
        let uptime = remembersAlone ? MonotonicClock.now().duration(since: start) : .seconds(Int64.max)
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
