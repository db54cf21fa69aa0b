/// Whom a client belongs to. Policy attaches to tenants, never to connections.
package struct Tenant: Equatable, Sendable {
    /// The tenant's name.
    package let name: TenantName
    /// The zones its data may enter.
    package let residency: Residency
    /// The client keys that prove this tenant.
    package let keys: [ClientKeyHash]
    /// The pages that may connect; none: no browser may.
    package let origins: [OriginPattern]
    /// Subjects or alternative names of TLS client certificates that prove this tenant.
    package let certificates: [String]
    /// What the tokens of the company's own identity provider must say to prove this tenant.
    package let jwt: TenantToken?
    /// What it may use.
    package let limits: TenantLimits
    /// What policy does to its queries.
    package let parameters: ParameterRules

    package init(
        name: TenantName, residency: Residency, keys: [ClientKeyHash] = [], origins: [OriginPattern] = [],
        certificates: [String] = [], jwt: TenantToken? = nil, limits: TenantLimits = TenantLimits(),
        parameters: ParameterRules = ParameterRules()
    ) {
        self.name = name
        self.residency = residency
        self.keys = keys
        self.origins = origins
        self.certificates = certificates
        self.jwt = jwt
        self.limits = limits
        self.parameters = parameters
    }
}

/// A tenant's name: 1–63 letters, digits, `-`, `_` or `.`, so that it can never become structure in a log line or a header.
package struct TenantName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The name as it is written.
    package let text: String

    /// `nil` when the text cannot be a tenant's name.
    package init?(_ text: String) {
        let marks = "-_.".utf8
        guard !text.isEmpty, text.utf8.count <= Zone.maxNameLength,
            text.utf8.allSatisfy({ Ascii.isLetter($0) || Ascii.isDigit($0) || marks.contains($0) })
        else { return nil }
        self.text = text
    }

    package static func < (left: TenantName, right: TenantName) -> Bool {
        left.text < right.text
    }

    package var description: String { text }
}

/// What a policy file keeps of a client key: its name, for receipts, and the SHA-256 of its text. Never the key.
package struct ClientKeyHash: Equatable, Sendable {
    /// The key's name, for receipts.
    package let name: String
    /// 32 bytes.
    package let sha256: [UInt8]

    package init(name: String, sha256: [UInt8]) {
        self.name = name
        self.sha256 = sha256
    }
}

/// A claim of a JWT and the value that makes its bearer this tenant's.
package struct TenantClaim: Hashable, Sendable {
    /// The claim's name.
    package let claim: String
    /// What it must say.
    package let value: String

    package init(claim: String, value: String) {
        self.claim = claim
        self.value = value
    }
}

/// A claim that proves a tenant, and who has to make it.
package struct TenantToken: Equatable, Sendable {
    /// What the token says.
    package let claim: TenantClaim
    /// The only issuer believed; `nil`: any that the operators have named.
    package let issuer: String?

    package init(_ claim: TenantClaim, from issuer: String? = nil) {
        self.claim = claim
        self.issuer = issuer
    }
}
