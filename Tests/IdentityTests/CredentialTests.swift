import Testing

@testable import Identity

@Suite struct CredentialTests {
    @Test(arguments: [
        ("tg_key", "tg_key"), ("Bearer tg_key", "tg_key"), ("bearer tg_key", "tg_key"), ("BEARER   tg_key ", "tg_key"),
        (" tg_key\t", "tg_key"), ("Bearertg_key", "Bearertg_key"), ("Basic abc", "Basic abc"), ("Bearer", "Bearer"),
    ])
    func anAuthorizationFieldIsAKeyWithOrWithoutBearer(field: String, text: String) {
        let credential = Credential.find(authorization: [field])
        #expect(credential?.place == .authorization)
        #expect(credential?.withText { $0 } == text)
    }

    @Test func theFirstPlacePresentDecides() {
        func place(_ subject: String?, _ authorization: [String], _ token: [String], _ subprotocols: [String])
            -> Credential.Place?
        {
            Credential.find(
                certificate: subject.map { PresentedCertificate(names: [$0], sha256: []) },
                authorization: authorization, tokenParameter: token,
                subprotocols: subprotocols)?
                .place
        }
        let subprotocols = ["tidegate.v1", "bearer.d"]
        #expect(place("CN=a", ["b"], ["c"], subprotocols) == .certificate)
        #expect(place(nil, ["b"], ["c"], subprotocols) == .authorization)
        #expect(place(nil, [], ["c"], subprotocols) == .tokenParameter)
        #expect(place(nil, [], [], subprotocols) == .subprotocol)
        #expect(place(nil, [], [], []) == nil)
        #expect(place(nil, ["", "Bearer "], [""], ["tidegate.v1", "bearer."]) == .authorization)
        #expect(place(nil, [" "], [""], ["tidegate.v1", "bearer."]) == nil)
    }

    @Test func aBearerSubprotocolCountsOnlyBesideOurOwn() {
        #expect(Credential.find(authorization: [], subprotocols: ["graphql-ws", "bearer.x"]) == nil)
        #expect(Credential.find(authorization: [], subprotocols: ["bearer.x", "tidegate.v1"])?.withText { $0 } == "x")
    }

    @Test func severalCredentialsInOnePlaceProveNothing() {
        #expect(Credential.find(authorization: ["a", "b"], tokenParameter: ["c"])?.place == .authorization)
        #expect(Credential.find(authorization: ["a", "b"])?.withText { $0 } == nil)
        #expect(Credential.find(authorization: ["a", "Bearer a"])?.withText { $0 } == "a")
    }

    @Test func aCredentialNeverPrints() {
        let credential = Credential.find(authorization: ["tg_hush"])
        var dumped = ""
        dump(credential, to: &dumped)
        for text in ["\(credential as Any)", String(reflecting: credential), dumped] {
            #expect(!text.contains("hush"))
        }
    }
}
