import Testing

@testable import Policy

@Suite struct CredentialProofTests {
    @Test func anIdentifierIsTheFirstTwelveDigitsOfTheHash() {
        let proof = CredentialProof(
            ClientKeyHash(
                name: "backend", sha256: [0x00, 0x0a, 0xf0, 0xff, 0x10, 0x01] + Array(repeating: 7, count: 26)))
        #expect(proof.id == "000af0ff1001")
    }
}
