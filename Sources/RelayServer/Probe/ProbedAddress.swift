import Configuration
import Crypto
import Fetch
import Policy
import Reactor
import TLS
import Timing

/// One address of an endpoint, probed: judged, connected to, verified, asked.
struct ProbedAddress {
    private let address: SocketAddress
    private let verification: EndpointVerification
    private let zone: ZoneSettings

    init(_ address: SocketAddress, _ verification: EndpointVerification, _ zone: ZoneSettings) {
        self.address = address
        self.verification = verification
        self.zone = zone
    }

    func report() -> AddressReport {
        var report = AddressReport(address: address.description)
        if case .refuse(let reason) = verification.verdict(on: address) {
            report.forbidden = reason
            return report
        }
        let dial = ProbeDial.perform(to: address, verification, within: zone.connectTimeout)
        report.connectMilliseconds = dial.connected?.inMilliseconds
        report.tls = TLSReport(dial)
        report.certificate = dial.certificate.map(CertificateReport.init)
        report.verification = VerificationReport(dial, hasPins: !verification.pins.isEmpty)
        report.failure = dial.failure?.words
        if dial.failure == nil { ask(&report) }
        return report
    }

    /// Plain HTTP to the very address that was verified. Neither a key nor an upgrade is sent, so no session can come of it.
    private func ask(_ report: inout AddressReport) {
        let endpoint = verification.endpoint
        var request = FetchRequest("\(endpoint.secure ? "https" : "http")://\(endpoint.authority)\(endpoint.path)")
        request.authority = zone.verify.authority.forFetching
        request.pins = zone.verify.pins
        request.route = .address(address.host, port: address.port)
        request.connectTimeout = zone.connectTimeout
        request.timeout = zone.connectTimeout + Self.answerPatience
        request.fields = [("User-Agent", "tidegate")]
        do throws(FetchError) {
            let response = try Fetch.perform(request)
            let time = response.timings.firstByte - max(response.timings.secured, response.timings.connected)
            report.http = HTTPReport(status: response.status, milliseconds: time.inMilliseconds)
            report.failure = Self.fault(in: response.status)
        } catch {
            report.failure = "no HTTP answer: \(error.detail)"
        }
    }

    private static let answerPatience = Duration.seconds(10)

    /// An answer that the dialer could not use whatever was asked. Others only say that this was no handshake.
    private static func fault(in status: Int) -> String? {
        switch status {
        case 300..<400: "answers \(status): a redirect, which is never followed"
        case 502, 503, 504: "answers \(status): it cannot serve now"
        default: nil
        }
    }
}

extension VerifySettings.Authority {
    /// The certificates that are believed. Throws when the file cannot be read.
    func store() throws(TLSError) -> TrustStore {
        switch self {
        case .system: try TrustStore.system()
        case .file(let path): try TrustStore(file: path)
        }
    }

    /// The same, for libcurl.
    var forFetching: FetchRequest.Authority {
        switch self {
        case .system: .system
        case .file(let path): .file(path)
        }
    }
}

extension TLSReport {
    fileprivate init?(_ dial: ProbeDial.Outcome) {
        guard let agreed = dial.agreed else { return nil }
        self.init(
            version: agreed.version.rawValue, cipher: agreed.cipher, alpn: agreed.alpn,
            milliseconds: agreed.duration.inMilliseconds)
    }
}

extension CertificateReport {
    fileprivate init(_ facts: CertificateFacts) {
        self.init(
            subject: facts.subject, issuer: facts.issuer, names: facts.names, notAfter: facts.notAfter,
            daysLeft: Int((Double(facts.secondsToExpiry) / 86_400).rounded(.down)), sha256: Hex.encode(facts.sha256),
            spkiSHA256: Base64.standard.encode(facts.spkiSHA256))
    }
}

extension VerificationReport {
    /// Nil when no certificate was shown.
    fileprivate init?(_ dial: ProbeDial.Outcome, hasPins: Bool) {
        guard let certificate = dial.certificate else { return nil }
        let authority =
            switch dial.failure {
            case .insecure(let error): error.detail
            case nil, .unpinned: "verified"
            case .unreachable(let words): words
            }
        self.init(
            authority: authority, isForHost: certificate.isForServerName,
            pins: !hasPins ? "none configured" : dial.pinsMatch ? "match" : "mismatch")
    }
}
