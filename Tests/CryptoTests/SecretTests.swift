import Crypto
import Testing

@Suite struct SecretTests {
    private let secret = Secret("hunter2")

    @Test func itLendsItsBytes() {
        #expect(secret.withBytes { Array($0) } == Array("hunter2".utf8))
        #expect(secret.count == 7)
        #expect(Secret([]).withBytes { $0.count } == 0)
    }

    @Test func itIsFilledInPlaceAndKeepsNoMoreThanWasWritten() {
        let secret = Secret(capacity: 8) { memory in
            memory.copyBytes(from: [1, 2, 3])
            return 3
        }
        #expect(secret.withBytes { Array($0) } == [1, 2, 3])
        for written in [-1, 9] {
            #expect((0...8).contains(Secret(capacity: 8) { _ in written }.count))
        }
    }

    @Test func aFailureToFillItIsPassedOn() {
        struct Failure: Error {}
        #expect(throws: Failure.self) { try Secret(capacity: 8) { (_) throws(Failure) in throw Failure() } }
    }

    @Test func randomOnesDiffer() {
        #expect(Secret.random(32).count == 32)
        #expect(Secret.random(32) != Secret.random(32))
    }

    @Test func noWayOfPrintingShowsIt() {
        var dumped = ""
        dump(["key": secret], to: &dumped)
        for text in ["\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])", dumped] {
            #expect(text.contains("‹redacted›"))
            #expect(!text.contains("hunter2"))
        }
        #expect(Mirror(reflecting: secret).children.isEmpty)
    }

    @Test func twoOfTheSameBytesAreEqual() {
        #expect(secret == Secret("hunter2"))
        #expect(secret != Secret("hunter3"))
        #expect(secret != Secret(""))
    }
}
