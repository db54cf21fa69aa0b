import COpenSSL
import Crypto
import Testing

@Suite struct OpenSSLErrorTests {
    @Test func anEmptyQueueSaysSo() {
        OpenSSLError.discard()
        let error = OpenSSLError.take()
        #expect(error.code == 0)
        #expect(error.description == "no reason given")
    }

    @Test func takingReadsEveryReasonAndEmptiesTheQueue() {
        #expect(BIO_new_file("/nowhere/at/all", "r") == nil)
        let error = OpenSSLError.take()
        #expect(error.library == ERR_LIB_BIO)
        #expect(error.reason == BIO_R_NO_SUCH_FILE)
        #expect(error.description.contains("/nowhere/at/all"))
        #expect(ERR_peek_error() == 0)
    }

    @Test func discardingEmptiesTheQueue() {
        #expect(BIO_new_file("/nowhere/at/all", "r") == nil)
        OpenSSLError.discard()
        #expect(ERR_peek_error() == 0)
    }
}
