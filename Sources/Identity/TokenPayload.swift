import Policy

/// What a session token says, as bytes. Numbers are big-endian, texts are UTF-8 behind their length.
///
/// Only bytes whose code has been verified are decoded, so no form but that of `encode` is of any use, and none is taken.
enum TokenPayload {
    static func encode(_ token: SessionToken) -> [UInt8] {
        var writer = Writer()
        writer.bytes += token.id.prefix(SessionToken.idCount)
        writer.number(UInt64(clamping: token.issued))
        writer.number(UInt64(clamping: token.expires))
        writer.text(token.tenant.text)
        writer.text(token.bounds.zone?.name ?? "")
        writer.text(token.bounds.origin?.description ?? "")
        writer.number(token.bounds.session.map { UInt64(clamping: $0.components.seconds) } ?? 0)
        writer.ground(token.ground)
        writer.text(token.name)
        return writer.bytes
    }

    static func decode(_ bytes: ArraySlice<UInt8>) -> SessionToken? {
        var reader = Reader(rest: bytes)
        guard let id = reader.bytes(SessionToken.idCount), let issued = reader.number().flatMap(Int.init(exactly:)),
            let expires = reader.number().flatMap(Int.init(exactly:)),
            let tenant = reader.text().flatMap(TenantName.init), let stated = reader.bounds(),
            let ground = reader.ground(), let name = reader.text(), reader.rest.isEmpty,
            let bounds = stated.standing(on: ground)
        else { return nil }
        return SessionToken(
            id: id, tenant: tenant, issued: issued, expires: expires, bounds: bounds, ground: ground, name: name)
    }

    /// What stands before a ground. Never given a new meaning: tokens outlive a change of version.
    fileprivate enum GroundTag: UInt8 {
        case key = 1
        case certificate
        case claim
        case operators
        case console
    }
}

extension CredentialBounds {
    /// The console's are told by their ground; nil for one that names no page, for it would hold everywhere.
    fileprivate func standing(on ground: CredentialGround) -> CredentialBounds? {
        guard ground == .console else { return self }
        return origin.map { CredentialBounds(console: $0, zone: zone, session: session) }
    }
}

private struct Writer {
    var bytes: [UInt8] = []

    mutating func number(_ value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    mutating func text(_ text: String) {
        counted(Array(text.utf8))
    }

    mutating func counted(_ content: [UInt8]) {
        let count = UInt32(clamping: content.count)
        for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
        bytes += content
    }

    mutating func ground(_ ground: CredentialGround) {
        switch ground {
        case .key(let sha256):
            bytes.append(TokenPayload.GroundTag.key.rawValue)
            counted(sha256)
        case .certificate(let name, let chain):
            bytes.append(TokenPayload.GroundTag.certificate.rawValue)
            text(name)
            bytes.append(UInt8(clamping: chain.count))
            for certificate in chain.prefix(Int(UInt8.max)) { counted(certificate) }
        case .claim(let issuer, let claim):
            bytes.append(TokenPayload.GroundTag.claim.rawValue)
            text(issuer)
            text(claim.claim)
            text(claim.value)
        case .operators: bytes.append(TokenPayload.GroundTag.operators.rawValue)
        case .console: bytes.append(TokenPayload.GroundTag.console.rawValue)
        }
    }
}

private struct Reader {
    var rest: ArraySlice<UInt8>

    mutating func bytes(_ count: Int) -> [UInt8]? {
        guard rest.count >= count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }

    mutating func number() -> UInt64? {
        bytes(8)?.reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func counted() -> [UInt8]? {
        guard let count = bytes(4)?.reduce(UInt64(0), { $0 << 8 | UInt64($1) }), count <= rest.count else { return nil }
        return bytes(Int(count))
    }

    mutating func text() -> String? {
        counted().flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Nil when a bound cannot be read; an empty text, or no seconds, is no bound.
    mutating func bounds() -> CredentialBounds? {
        guard let zone = text(), let origin = text(), let seconds = number().flatMap(Int64.init(exactly:)) else {
            return nil
        }
        let bounds = CredentialBounds(
            zone: Zone(zone), origin: Origin(origin), session: seconds == 0 ? nil : .seconds(seconds))
        // A bound that is there and cannot be held must not become none.
        guard zone.isEmpty == (bounds.zone == nil), origin.isEmpty == (bounds.origin == nil) else { return nil }
        return bounds
    }

    mutating func chain() -> [[UInt8]]? {
        guard let count = bytes(1)?.first else { return nil }
        let chain = (0..<count).compactMap { _ in counted() }
        return chain.count == Int(count) ? chain : nil
    }

    mutating func ground() -> CredentialGround? {
        switch bytes(1)?.first.flatMap(TokenPayload.GroundTag.init) {
        case .key: return counted().map { .key(sha256: $0) }
        case .certificate:
            guard let name = text(), let chain = chain() else { return nil }
            return .certificate(name: name, chain: chain)
        case .claim:
            guard let issuer = text(), let claim = text(), let value = text() else { return nil }
            return .claim(issuer: issuer, TenantClaim(claim: claim, value: value))
        case .operators: return .operators
        case .console: return .console
        case nil: return nil
        }
    }
}
