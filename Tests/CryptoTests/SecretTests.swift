import Crypto
import Testing

@Suite struct SecretTests {
    private let secret = Secret("hunter2")

    @Test func itLendsItsBytes() {
        #expect(secret.withBytes { Array($0) } == Array("hunter2".utf8))
        #expect(secret.count == 7)
        #expect(Secret([]).withBytes { $0.count } == 0)
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
