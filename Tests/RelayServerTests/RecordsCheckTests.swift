import Configuration
import RelayServer
import Testing

@Suite struct RecordsCheckTests {
    @Test func whatTheRelayDoesNotDoIsToldWithTheRemedy() throws {
        #expect(RecordsCheck.finding(.openssl) == nil && RecordsCheck.finding(.direct) == nil)
        let finding = try #require(RecordsCheck.finding(.kernel))
        #expect(finding.contains("OpenSSL makes the records instead") && finding.contains("`direct`"))
    }
}
