import TLS
import Telemetry
import Testing
import Timing

@testable import RelayServer

@Suite struct CertificateRefusalsTests {
    @Test func eachReasonIsToldOnceInAWhileAndAlwaysToWhoeverListensClosely() {
        var refusals = CertificateRefusals()
        let start = Instant(nanoseconds: 0)
        #expect(refusals.level(of: .revoked, now: start) == .info)
        #expect(refusals.level(of: .revoked, now: start + .seconds(59)) == .debug)
        #expect(refusals.level(of: .expired, now: start + .seconds(59)) == .info)
        #expect(refusals.level(of: .revoked, now: start + PacedNotices<CertificateFault>.pace) == .info)
    }

    @Test func whatConcernsEverybodyIsAWarning() {
        var refusals = CertificateRefusals()
        let start = Instant(nanoseconds: 0)
        #expect(refusals.level(of: .unknownRevocation, now: start) == .warning)
        #expect(refusals.level(of: .unknownRevocation, now: start) == .debug)
    }
}
