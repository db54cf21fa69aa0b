import Policy
import Timing

/// A credential that opens one session is spent when the provider's session begins, not before: official clients come back
/// with the same one when an attempt takes them too long (the provider's contract, section 3.1).
extension Session {
    /// The credential was this session's to spend: from here on no other session can be had for it.
    mutating func credentialSpent(_ now: Instant) -> Reaction {
        owesSpending = false
        let resume = release(.upstream, from: .spending, now)
        guard provider.speaksAssemblyAI else { return Reaction(resume) }
        let accepted = keyAccepted()
        return Reaction([.passHeld] + accepted.actions + resume)
    }

    /// Another session was quicker: the client does not hear that this one began, and the provider is told to end it.
    mutating func refuseSpent(_ now: Instant) -> Reaction {
        down.drop()
        return refuseInBand(.spentElsewhere, now)
    }

    /// Where several relays share limits: nobody vouches for this session any more, and the provider is told to end it.
    mutating func losePlace(_ now: Instant) -> Reaction {
        if owesSpending { down.drop() }
        return end(.quotaReached(.sharedState), now)
    }

    /// Lets the provider's `Begin` pass, which was held back until the credential was spent.
    package mutating func passHeld(_ forward: (RawSpan) -> Void) {
        down.release(forward)
    }
}

extension Refusal {
    /// Another session with the same credential began first.
    static let spentElsewhere = Refusal(.unauthenticated, "The credential has been used; it opens one session.")
    /// Official clients give an attempt up without a word when they begin another.
    static let superseded = Refusal(
        .unauthenticated, "A newer attempt with the same credential has taken the place of this one.")
}
