import Testing

@testable import Policy

@Suite struct TenantTests {
    @Test(arguments: ["acme-gmbh", "Acme_2", "a.b", "9"])
    func aNameIsLettersDigitsAndMarks(text: String) {
        #expect(TenantName(text)?.text == text)
    }

    @Test(arguments: ["", "a b", "a\nb", "a\"b", "tenänt", "a/b", String(repeating: "a", count: 64)])
    func aNameCanNeverBecomeStructure(text: String) {
        #expect(TenantName(text) == nil)
    }
}
