/// The outcome of policy for one request, and the rules that led to it.
///
/// It cannot be copied, because the grant inside it cannot.
package struct Decision: ~Copyable {
    /// One step for each rule that was looked at, in order; a refusal's last step names its rule.
    package let trail: [TrailStep]
    private let outcome: Outcome

    /// A permission to dial, or a denial.
    package enum Outcome: ~Copyable {
        case granted(Grant)
        case refused(Refusal)
    }

    init(trail: [TrailStep], outcome: consuming Outcome) {
        self.trail = trail
        self.outcome = outcome
    }

    /// The outcome, to `switch` on. The decision is used up; read `trail` before.
    package consuming func takeOutcome() -> Outcome {
        outcome
    }
}

/// One rule and what it found in one request.
package struct TrailStep: Equatable, Sendable {
    /// The rule.
    package let rule: Rule
    /// What it said.
    package let finding: Finding
    /// What was found, as a sentence.
    package let sentence: String

    /// What a rule said of a request.
    package enum Finding: String, Sendable {
        case holds
        case refuses
        /// The rule binds the dial, which is still to come.
        case ahead
    }
}

/// The rules of a decision, in the order they are asked. The first seven are numbered as in PRODUCT.
package enum Rule: Int, CaseIterable, Sendable {
    case credential = 1
    case origin
    case residency
    case site
    case parameters = 8
    case limits = 5
    case endpoints
    case verification

    /// The rule's text.
    package var statement: String {
        switch self {
        case .credential: "Without a valid credential a request is refused."
        case .origin: "An Origin that is present must be among the tenant's."
        case .residency: "The zone asked for, or else the tenant's first, must be in the tenant's residency."
        case .site: "A site with a zone serves a tenant only if the tenant's residency admits the site's zone."
        case .parameters:
            "The query may hold what the relay and the tenant allow, and nothing that can carry data out of a residency unless the tenant's rules name it."
        case .limits: "The limits of the tenant and of the relay must admit the session."
        case .endpoints:
            "The zone's endpoints are tried in order, then, if no zone was asked for, those of the tenant's next allowed zone; never any other."
        case .verification:
            "The upstream connection is verified: host name, CA, and where configured pins and address ranges."
        }
    }
}
