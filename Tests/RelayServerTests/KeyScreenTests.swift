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
        let screen = try #require(KeyScreen(Secret(key)))
        #expect(passed(text, screen) == expected)
        #expect(screen.pass(Array(text.utf8).span.bytes) { _ in } == (text != expected))
    }

    @Test func aKeyTooShortToBeOneIsNotLookedFor() {
        let screen = KeyScreen(Secret("short"))
        #expect(screen.map { _ in true } == nil)
    }

    @Test func bothKeysThatWereShownAreOverwritten() throws {
        let screen = try #require(KeyScreen(Secret(key), Secret("fedcba9876543210")))
        #expect(
            passed("<fedcba9876543210 0123456789abcdef fedcba98", screen)
                == "<**************** **************** fedcba98")
        let other = try #require(KeyScreen(Secret("short"), Secret(key)))
        #expect(passed("short 0123456789abcdef", other) == "short ****************")
    }

    private func passed(_ text: String, _ screen: KeyScreen) -> String {
        var passed: [UInt8] = []
        screen.pass(Array(text.utf8).span.bytes) { $0.withUnsafeBytes { passed += $0 } }
        return String(decoding: passed, as: UTF8.self)
    }
}
