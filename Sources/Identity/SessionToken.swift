import Crypto
import Policy

/// What a session token says. It opens one session of one tenant, within its bounds, until its time is over.
package struct SessionToken: Equatable, Sendable {
    /// 16 random bytes: tells one token from every other.
    package let id: [UInt8]
    /// Whose session it opens.
    package let tenant: TenantName
    /// When it was minted, in milliseconds of Unix time.
    package let issued: Int
    /// From this moment on it opens none, in Unix seconds.
    package let expires: Int
    /// What it narrows. The longest session counts in whole seconds.
    package let bounds: CredentialBounds
    /// What the credential that minted it rests on; the token stands as long as that does.
    package let ground: CredentialGround
    /// The name of the credential that minted it, for receipts.
    package let name: String

    package init(
        id: [UInt8], tenant: TenantName, issued: Int, expires: Int, bounds: CredentialBounds, ground: CredentialGround,
        name: String
    ) {
        self.id = id
        self.tenant = tenant
        self.issued = issued
        self.expires = expires
        self.bounds = bounds
        self.ground = ground
        self.name = name
    }

    /// A new one.
    ///
    /// - Parameters:
    ///   - lifetime: seconds; what is left of the second in which it is minted comes on top.
    ///   - now: the time of day, in Unix seconds.
    package init(
        for tenant: TenantName, lifetime: Int, from now: Double, bounds: CredentialBounds, ground: CredentialGround,
        name: String
    ) {
        // Never before the moment itself: who compares it with the start of a process must not find it too old.
        let issued = Int(exactly: (now * 1000).rounded(.up)) ?? 0
        let start = Int(exactly: now.rounded(.up)) ?? 0
        self.init(
            id: RandomBytes.make(Self.idCount), tenant: tenant, issued: issued, expires: start &+ lifetime,
            bounds: bounds, ground: ground, name: name)
    }

    /// How long a token may let its session last, in seconds, as at the provider (its contract, section 3.1); the upper end is
    /// also the default.
    package static let sessionSeconds = 60...10_800

    /// Enough that no two tokens are ever alike.
    static let idCount = 16
}
