import Testing

@testable import Configuration

@Suite struct PublicSuffixTests {
    @Test(arguments: [
        ("co.uk", true), ("com.au", true), ("github.io", true), ("s3.amazonaws.com", true), ("example.com", false),
        ("acme.co.uk", false), ("acme.github.io", false), ("co.example", false), ("acme.uk", false),
        ("localhost", false),
    ])
    func onlyWhereAnybodyMayHaveANameDoesItHold(domain: String, expected: Bool) {
        #expect(PublicSuffix.holds(domain) == expected)
    }
}
