import Policy
import Timing

/// Which refusals are told in full. One that is costs an answer in its listener's form, a line of the log and a receipt.
/// Whoever is refused too often is told `limit` in the fewest bytes instead, and counted. Nobody is refused because of this.
///
/// A refusal told in full takes a token of each party that it is counted against. Each has a bucket that holds a few tokens
/// and gets them back one by one. While one of them is empty nothing is told in full, and nothing is taken.
///
/// The memory is fixed, whatever comes (`TokenBuckets`). By the default rules all strangers of a minute together empty at most
/// 220 of the 16,384 places of a row, and leave an innocent without a token with a chance below one in ten million.
///
/// A pure value: time is an argument. Whoever shares it guards it.
package struct RefusalLimits: Sendable {
    private var rules: Rules
    private var parties = TokenBuckets(widthBits: 14)
    /// Of all strangers together.
    private var strangers = TokenBucket()

    package init(_ rules: Rules = Rules()) {
        self.rules = rules
    }

    /// From now on these rules hold. What was taken stays taken.
    package mutating func change(to rules: Rules) {
        self.rules = rules
    }

    /// Why a refusal of `refused` cannot be told in full now, and until when; nil: it can.
    package func obstacle(to refused: Refused, now: Instant) -> RefusalObstacle? {
        var longest: RefusalObstacle?
        func meet(_ bound: RefusalObstacle.Bound, _ wait: Duration?) {
            if let wait, wait > longest?.wait ?? .zero { longest = RefusalObstacle(bound: bound, wait: wait) }
        }
        if let address = refused.address { meet(.address, parties.wait(of: address, by: rules.party, now: now)) }
        if let credential = refused.credential {
            meet(.credential, parties.wait(of: credential, by: rules.party, now: now))
        }
        if refused.isStranger { meet(.relay, strangers.wait(by: rules.strangers, now: now)) }
        return longest
    }

    /// A refusal of `refused` is told in full.
    package mutating func told(_ refused: Refused, now: Instant) {
        if let address = refused.address { parties.take(of: address, by: rules.party, now: now) }
        if let credential = refused.credential { parties.take(of: credential, by: rules.party, now: now) }
        if refused.isStranger { strangers.take(by: rules.strangers, now: now) }
    }
}

extension RefusalLimits {
    /// How many refusals are told in full.
    package struct Rules: Equatable, Sendable {
        /// To one address, and for one credential.
        package var party: TokenBucket.Rule
        /// To all strangers together.
        package var strangers: TokenBucket.Rule

        package init(party: TokenBucket.Rule, strangers: TokenBucket.Rule) {
            self.party = party
            self.strangers = strangers
        }

        /// 32, because the most persistent of known clients comes back so often and should hear the same each time. Fifty a
        /// second of all strangers are more than people's mistakes come to, and 5 GB of receipts a day at most.
        ///
        /// - Parameter perMinute: at once, and again within a minute; at least one.
        package init(
            perMinute: Int = 32, strangers: TokenBucket.Rule = TokenBucket.Rule(size: 500, interval: .milliseconds(20))
        ) {
            party = TokenBucket.Rule(size: perMinute, interval: .seconds(60) / max(1, perMinute))
            self.strangers = strangers
        }
    }
}

/// What keeps a refusal from being told in full.
package struct RefusalObstacle: Error, Equatable {
    /// Whose bucket is empty.
    package let bound: Bound
    /// Until it is not.
    package let wait: Duration

    /// What refusals are counted against.
    package enum Bound: String, CaseIterable, Sendable {
        case address
        case credential
        /// All strangers of the relay.
        case relay
    }
}

/// Whom a refusal is counted against.
package struct Refused: Sendable {
    fileprivate let address: TokenBuckets.Party?
    fileprivate let credential: TokenBuckets.Party?
    fileprivate let isStranger: Bool

    /// Somebody who has proved nothing: its address answers for it, what it showed, and all strangers together.
    ///
    /// - Parameters:
    ///   - address: the network of one subscriber counts as one: an IPv4 address, or 64 bits of IPv6.
    ///   - credential: what was shown, if anything; only a keyed hash of it is kept.
    package static func stranger(at address: IPAddress?, showing credential: (some Hashable)?) -> Refused {
        Refused(
            address: address.map { TokenBuckets.Party(RefusalObstacle.Bound.address, $0.subscriber) },
            credential: credential.map { TokenBuckets.Party(RefusalObstacle.Bound.credential, $0) },
            isStranger: true)
    }

    /// Somebody whose credential is or was good. It answers for itself, and not for its neighbours behind one address.
    package static func known(by credential: some Hashable) -> Refused {
        Refused(
            address: nil, credential: TokenBuckets.Party(RefusalObstacle.Bound.credential, credential),
            isStranger: false)
    }
}

extension IPAddress {
    /// What one subscriber has at least: an IPv4 address, or the 64 bits of an IPv6 network (RFC 7421).
    package var subscriber: IPAddress {
        switch embedded {
        case .v4(let number): .v4(number)
        case .v6(let number): .v6(number & ~UInt128(UInt64.max))
        }
    }
}
