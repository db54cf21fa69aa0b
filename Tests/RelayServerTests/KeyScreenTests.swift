import Crypto
import Testing

@testable import RelayServer

@Suite struct KeyScreenTests {
    private let key = "0123456789abcdef"

    @Test(arguments: [
        ("", ""), ("nothing", "nothing"), ("0123456789abcdef", "****************"),
        ("<0123456789abcdef>", "<****************>"), ("0123456789abcde", "0123456789abcde"),
        ("0123456789abcdef0123456789abcdef", "********************************"),
        ("0120123456789abcdefé0123456789abcdef!", "012****************é****************!"),
    ])
    func theKeyIsOverwrittenWhereverItStands(text: String, expected: String) throws {
        #expect(passed(text, try #require(KeyScreen(Secret(key)))) == expected)
    }

    @Test func aKeyTooShortToBeOneIsNotLookedFor() {
        let screen = KeyScreen(Secret("short"))
        #expect(screen.map { _ in true } == nil)
    }

    private func passed(_ text: String, _ screen: KeyScreen) -> String {
        var passed: [UInt8] = []
        screen.pass(Array(text.utf8).span.bytes) { $0.withUnsafeBytes { passed += $0 } }
        return String(decoding: passed, as: UTF8.self)
    }
}
