import Receipts
import Testing

@Suite struct ReceiptTests {
    @Test func aRefusalIsWhatReachedNoUpstream() {
        #expect(Receipt.sampleRefusal.isRefusal)
        #expect(!Receipt.sample(0).isRefusal)
        var refusedLater = Receipt.sample(0)
        refusedLater.refusal = Receipt.sampleRefusal.refusal
        #expect(!refusedLater.isRefusal, "its audio may have been heard")
    }
}
