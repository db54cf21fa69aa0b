import Configuration
import Fetch
import Identity
import RelayTestKit
import Testing

@testable import RelayServer

@Suite struct KeySetFinderTests {
    @Test(arguments: ["https://login.example.com", "https://login.example.com/", "https://login.example.com/a/b"])
    func theKeysAreFoundBelowTheIssuer(issuer: String) throws {
        let provider = ScriptedProvider()
        let base = issuer.hasSuffix("/") ? issuer : issuer + "/"
        let document = base + ".well-known/openid-configuration"
        provider.publish(#"{"issuer":"\#(issuer)","jwks_uri":"https://elsewhere.example/keys","x":[1]}"#, at: document)
        provider.publish(["1": .p256], at: "https://elsewhere.example/keys")
        var finder = KeySetFinder(address(issuer), provider.tools.fetch)
        let found = try finder.find(inHaste: false)
        #expect(found.keys.count == 1)
        #expect(provider.requests == [document, "https://elsewhere.example/keys"])
        // In haste the document is not asked for again; when there is time it is.
        _ = try finder.find(inHaste: true)
        _ = try finder.find(inHaste: false)
        #expect(provider.requests.filter { $0 == document }.count == 2)
        // What leads nowhere is forgotten.
        provider.leave()
        for _ in 0..<2 { #expect(!finds(&finder, inHaste: true)) }
        #expect(provider.requests.suffix(2) == ["https://elsewhere.example/keys", document])
    }

    @Test(arguments: [
        #"{"issuer":"https://login.example.com/","jwks_uri":"https://login.example.com/keys"}"#,
        #"{"issuer":"https://evil.example","jwks_uri":"https://login.example.com/keys"}"#,
        #"{"issuer":"https://login.example.com","jwks_uri":"http://login.example.com/keys"}"#,
        #"{"issuer":"https://login.example.com","jwks_uri":"file:///etc/passwd"}"#,
        #"{"issuer":"https://login.example.com"}"#, #"{"jwks_uri":"https://login.example.com/keys"}"#, "{}", "",
        "<html>",
        #"{"issuer":"https://login.example.com","jwks_uri":"https://login.example.com/keys","issuer":"x"}"#,
    ])
    func aDocumentThatCannotBeReliedOnLeadsNowhere(document: String) {
        let provider = ScriptedProvider()
        provider.publish(document, at: "https://login.example.com/.well-known/openid-configuration")
        provider.publish(["1": .p256], at: "https://login.example.com/keys")
        var finder = KeySetFinder(address("https://login.example.com"), provider.tools.fetch)
        #expect(!finds(&finder))
        #expect(provider.requests.count == 1)
    }

    @Test(arguments: [
        (404, "{}", "the provider answers with status 404"), (302, "{}", "the provider answers with status 302"),
        (200, "{}", "the key set is not a JSON Web Key Set"), (200, #"{"keys":[]}"#, "the key set holds no key"),
    ])
    func anAnswerWithoutKeysIsToldForWhatItIs(status: Int, body: String, expected: String) {
        let provider = ScriptedProvider()
        provider.publish(body, at: keysURL, status: status)
        var finder = KeySetFinder(atURL, provider.tools.fetch)
        do throws(KeySetFailure) {
            _ = try finder.find(inHaste: false)
            Issue.record("keys were found")
        } catch {
            #expect(error.text.hasPrefix(expected))
        }
    }

    @Test(
        arguments: [
            (nil, nil), ("max-age=300", .seconds(300)), ("public, Max-Age=60, must-revalidate", .seconds(60)),
            ("public,max-age=0", .zero), ("no-store", nil), ("max-age=", nil), ("max-age=-1", nil),
            ("max-age=1.5", nil),
            ("s-maxage=9", nil), ("max-age=99999999999999999999999", .seconds(Int64(UInt32.max))),
        ] as [(String?, Duration?)])
    func theProviderSaysHowLongItsAnswerIsGood(field: String?, lifetime: Duration?) throws {
        let provider = ScriptedProvider()
        provider.publish(["1": .p256], at: keysURL, field.map { [("CACHE-control", $0)] } ?? [])
        var finder = KeySetFinder(atURL, provider.tools.fetch)
        let found = try finder.find(inHaste: false)
        #expect(found.lifetime == lifetime)
    }

    @Test func onlyHTTPSIsAskedAndOnlyAsTheProvidersOwnAuthoritySays() throws {
        let provider = ScriptedProvider()
        provider.publish(["1": .p256], at: keysURL)
        let address = KeySetAddress(issuer: "i", location: .url(keysURL), authority: .file("/ca.pem"))
        let fetch = provider.tools.fetch
        var finder = KeySetFinder(address) { request in
            #expect(request.isSecureOnly && !request.usesEnvironmentProxies && request.maxBodyBytes == 1 << 20)
            #expect(request.connectTimeout == .seconds(5) && request.timeout == .seconds(10))
            if case .file("/ca.pem") = request.authority {} else { Issue.record("another authority is believed") }
            return fetch(request)
        }
        _ = try finder.find(inHaste: false)
    }
}

private let keysURL = "https://login.example.com/keys"
private let atURL = KeySetAddress(issuer: "i", location: .url(keysURL), authority: .system)

private func address(_ issuer: String) -> KeySetAddress {
    KeySetAddress(issuer: issuer, location: .discovery, authority: .system)
}

private func finds(_ finder: inout KeySetFinder, inHaste: Bool = false) -> Bool {
    (try? finder.find(inHaste: inHaste)) != nil
}
