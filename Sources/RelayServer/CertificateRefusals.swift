import Reactor
import TLS
import Telemetry
import Timing
import Transport

/// What a loop has told of handshakes that failed because of the client's certificate.
struct CertificateRefusals {
    private var notices = PacedNotices<CertificateFault>()

    /// How loudly to tell of one more.
    mutating func level(of fault: CertificateFault, now: Instant) -> LogLevel {
        guard notices.isDue(fault, now: now) else { return .debug }
        // The others concern one client; this concerns everybody whom the list's issuer vouches for.
        return fault == .unknownRevocation ? .warning : .info
    }
}

extension Worker {
    /// A connection ended before its request was complete.
    func noteEnd(_ end: TransportEnd, of client: Transport) {
        let address = LogField.address(client.peer.description)
        guard case .insecure(let error) = end, case .verification(let fault) = error.kind else {
            return log.write(.debug, .connectionFailed, address, .detail("before its request: \(end)"))
        }
        let level = certificateRefusals.level(of: fault, now: loop.now)
        log.write(
            level, .connectionFailed, address, .reason(fault.rawValue),
            .detail("the client's certificate: \(error.detail)\(Self.remedy(for: fault))"))
    }

    private static func remedy(for fault: CertificateFault) -> String {
        fault == .unknownRevocation
            ? "; nobody that its issuer vouches for is let in until `client_crl` is renewed" : ""
    }
}
