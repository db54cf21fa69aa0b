import Crypto
import Policy

@testable import Identity

extension SessionTokens {
    /// A time within the life of every token of `some`.
    static let noon = 1_790_000_000.5
}

extension SessionToken {
    /// A token that expires a minute after noon.
    static func some(
        bounds: CredentialBounds = CredentialBounds(), ground: CredentialGround = .operators, name: String = "backend"
    ) -> SessionToken {
        SessionToken(
            for: TenantName("acme")!, lifetime: 60, from: SessionTokens.noon, bounds: bounds, ground: ground, name: name
        )
    }
}
