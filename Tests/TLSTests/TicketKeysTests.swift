import Crypto
import Testing

@testable import TLS

@Suite struct TicketKeysTests {
    @Test func theyAreAsManyBytesAsOpenSSLWantsAndNeverTheSame() {
        let (one, other) = (TicketKeys.make(), TicketKeys.make())
        #expect(one.secret.count == 80)
        #expect(one.secret != other.secret)
    }

    @Test func theyDoNotPrint() {
        #expect("\(TicketKeys.make())".contains("‹redacted›"))
    }
}
