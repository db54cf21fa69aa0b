import Foundation
import Policy
import Testing

@testable import Configuration

@Suite struct ConfigurationLoaderTests {
    @Test func theExampleLoadsAsItStands() throws {
        let result = ConfigurationLoader.load(exampleFile, environment: [:])
        #expect(result.readFaults.errors == [])
        let configuration = try #require(result.configuration)
        #expect(configuration.settings.zones.map(\.zone.name) == ["edge", "us", "eu"])
        #expect(configuration.policy.tenants.keys.sorted().map(\.text) == ["acme-gmbh", "globex", "hooli", "initech"])
        #expect(configuration.policy.tenants[TenantName("initech")!]?.residency.description == "edge, us")
        #expect(
            result.files.map { ($0 as NSString).lastPathComponent } == [
                "tidegate.yaml", "everyone-else.yaml", "healthcare.yaml",
            ])
    }

    @Test func theExamplesMissingFilesAreFaultsOfTheirOwnKind() {
        let result = ConfigurationLoader.load(exampleFile, environment: [:])
        let told = result.fileFaults.all.map(\.description)
        #expect(result.servable == nil)
        #expect(told.count == 12)
        #expect(told.contains { $0.contains("tidegate.yaml:37:17: error: zones.edge.key: there is no file ") })
        #expect(told.contains { $0.hasSuffix("the environment variable ACME_ASSEMBLYAI_KEY is not set") })
    }

    @Test func everyKeyOfTheExampleThatDoesNothingYetIsNamed() {
        let result = ConfigurationLoader.load(exampleFile, environment: [:])
        #expect(result.readFaults.notes.map { $0.message.prefix { $0 != " " } } == ["zones.eu.warm"])
    }

    @Test func whatIsWeakInTheExampleIsNamed() {
        let result = ConfigurationLoader.load(exampleFile, environment: [:])
        #expect(
            result.readFaults.warnings.map { "\($0.place.line): " + $0.message.prefix { $0 != "," } } == [
                "8: edge may be anywhere", "39: zone us has one endpoint",
            ])
    }

    @Test func aDamagedFileIsToldAndNeverTraps() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = Seeded(state: seed)
        let policies = (exampleFile as NSString).deletingLastPathComponent + "/policy/healthcare.yaml"
        for (file, read) in [(exampleFile, faults(inTidegateFile:)), (policies, faults(inPolicyFile:))] {
            let whole = try String(contentsOfFile: file, encoding: .utf8)
            for _ in 0..<300 {
                let told = read(damaged(whole, &random))
                #expect(told.allSatisfy { $0.contains(".yaml:") && !$0.contains("\n") }, "seed \(seed)")
            }
        }
    }

    @Test func operatorsThatSetWhatComplianceDoesNotNameAreTold() throws {
        let directory = try Directory()
        let file = try directory.write(
            "tidegate.yaml", smallFile + "\nparameters: {force: {webhook_url: \"https://elsewhere.example/hook\"}}")
        try directory.write("policy.yaml", smallPolicy)
        let warnings = ConfigurationLoader.load(file, environment: ["KEY": "k"]).readFaults.warnings
        let told = directory.told(warnings).filter { $0.contains("always refused") }
        #expect(told.count == 1)
        #expect(
            told.first?.hasPrefix(
                "policy.yaml:4:16: warning: tenant acme is always refused here: This relay sets the parameter webhook_url"
            )
                == true, "\(told)")
        try directory.write("policy.yaml", smallPolicy + "\n    parameters: {allow: [webhook_url]}")
        let named = ConfigurationLoader.load(file, environment: ["KEY": "k"]).readFaults.warnings
        #expect(!directory.told(named).contains { $0.contains("always refused") })
    }

    @Test func aSmallConfigurationIsServable() throws {
        let directory = try Directory()
        let configuration = try #require(load(directory, policies: ["policy.yaml": smallPolicy]).servable)
        #expect(configuration.settings.listeners.first?.address.port == 0)
        #expect(configuration.policy.version.utf8.count == 12)
    }

    @Test func theVersionFollowsTheTextOfEveryFile() throws {
        let directory = try Directory()
        func version(_ policy: String) throws -> String {
            try #require(try load(directory, policies: ["policy.yaml": policy]).configuration).policy.version
        }
        let first = try version(smallPolicy)
        #expect(try version(smallPolicy) == first)
        #expect(try version(smallPolicy + "\n# changed") != first)
    }

    @Test func whateverAConfigurationNamesIsToBeWatched() throws {
        let directory = try Directory()
        let text = smallFile.replacing("{env: KEY}", with: "{file: keys/eu}\n    verify: {ca: ca.pem}")
            .replacing(
                "0\"}]",
                with: "0\", tls: {certificates: [{chain: a.crt, key: a.key}], client_ca: ca, client_crl: crl}}]"
            )
            .replacing("[policy.yaml]", with: "[\"p/*.yaml\", later.yaml]")
        try directory.write("tidegate.yaml", text)
        try directory.write("p/a.yaml", smallPolicy)
        let result = ConfigurationLoader.load(directory.path + "/tidegate.yaml", environment: [:])
        #expect(
            result.watched.map { $0.replacing(directory.path + "/", with: "") } == [
                "tidegate.yaml", "p/a.yaml", "p", "later.yaml", "a.crt", "a.key", "ca", "crl", "keys/eu", "ca.pem",
            ])
    }

    @Test func otherPolicyFilesCanBeReadInsteadOfThoseNamed() throws {
        let directory = try Directory()
        try directory.write("tidegate.yaml", smallFile)
        let other = try directory.write("new.yaml", smallPolicy.replacing("acme", with: "globex"))
        let file = directory.path + "/tidegate.yaml"
        let result = ConfigurationLoader.load(file, policies: [other], environment: ["KEY": "k"])
        #expect(result.configuration?.policy.tenants.keys.map(\.text) == ["globex"])
        #expect(
            directory.told(ConfigurationLoader.load(file, policies: [directory.path + "/none"]).readFaults.errors)
                == ["none:1:1: error: none cannot be read"])
    }

    @Test func aTenantInTwoFilesIsToldWithBothPlaces() throws {
        let directory = try Directory()
        let other = smallPolicy.replacing("ab", with: "cd")
        let result = try load(directory, pattern: "p/*.yaml", policies: ["p/1.yaml": smallPolicy, "p/2.yaml": other])
        #expect(result.configuration == nil)
        #expect(directory.told(result.faults.errors) == ["p/2.yaml:3:3: error: tenant acme is already at p/1.yaml:3:3"])
    }

    @Test func aKeyOfTwoTenantsIsToldWithBothPlaces() throws {
        let directory = try Directory()
        let other = smallPolicy.replacing("acme", with: "globex")
        let result = try load(directory, pattern: "p/*.yaml", policies: ["p/1.yaml": smallPolicy, "p/2.yaml": other])
        #expect(
            directory.told(result.faults.errors) == [
                "p/2.yaml:6:34: error: the same key is tenant acme's at p/1.yaml:6:34; a key proves one tenant"
            ])
    }

    @Test func aCertificateOfTwoTenantsIsToldWithBothPlaces() throws {
        let directory = try Directory()
        let policies = [("acme", "CN=device, O=Acme"), ("globex", "cn = device,o=Acme")].map {
            """
            version: 1
            tenants:
              \($0): {residency: eu, clients: {certificates: ["DNS:\($0).test", "\($1)"]}}
            """
        }
        let result = try load(
            directory, pattern: "p/*.yaml", policies: ["p/1.yaml": policies[0], "p/2.yaml": policies[1]])
        #expect(
            directory.told(result.faults.errors) == [
                "p/2.yaml:3:71: error: `cn = device,o=Acme` is tenant acme's at p/1.yaml:3:67; a certificate proves one tenant"
            ])
    }

    @Test(arguments: [("", ""), (", issuer: a", ", issuer: a"), ("", ", issuer: a"), (", issuer: a", "")])
    func aClaimOfTwoTenantsIsToldWithBothPlaces(one: String, other: String) throws {
        let directory = try Directory()
        let result = try load(
            directory, pattern: "p/*.yaml",
            policies: ["p/1.yaml": tokenPolicy("acme", "x", one), "p/2.yaml": tokenPolicy("globex", "x", other)])
        #expect(
            directory.told(result.faults.errors) == [
                "p/2.yaml:2:50: error: the same claim proves tenant acme at p/1.yaml:2:48; a token proves one tenant"
            ])
    }

    @Test func claimsOfDifferentValuesOrIssuersProveDifferentTenants() throws {
        for (one, other) in [(("x", ""), ("y", "")), (("x", ", issuer: a"), ("x", ", issuer: b"))] {
            let directory = try Directory()
            let policies = [
                "p/1.yaml": tokenPolicy("acme", one.0, one.1), "p/2.yaml": tokenPolicy("globex", other.0, other.1),
            ]
            #expect(directory.told(try load(directory, pattern: "p/*.yaml", policies: policies).faults.errors) == [])
        }
    }

    @Test func aKeySetOfAFileIsLookedAtByWhoeverKnowsTokens() throws {
        let directory = try Directory()
        let provider = "{issuer: a, audience: b, jwks: {file: keys.json}, tenant_claim: c, algorithms: [RS256]}"
        try directory.write("tidegate.yaml", smallFile + "\nidentity: [\(provider)]")
        try directory.write("policy.yaml", smallPolicy)
        try directory.write("keys.json", "{}")
        let result = ConfigurationLoader.load(
            directory.path + "/tidegate.yaml", environment: ["KEY": "k"], keySetCheck: { $0 + " is bad" })
        #expect(
            directory.told(result.faults.errors)
                == ["tidegate.yaml:9:43: error: identity[0].jwks: keys.json is bad"])
        #expect(result.watched.contains(directory.path + "/keys.json"))
    }

    @Test func whetherRecordsCanBeMadeSoIsAskedOfWhoeverKnowsTheMachine() throws {
        let directory = try Directory()
        try directory.write("policy.yaml", smallPolicy)
        func told(_ text: String) throws -> [String] {
            try directory.write("tidegate.yaml", smallFile + "\n" + text)
            let result = ConfigurationLoader.load(
                directory.path + "/tidegate.yaml", environment: ["KEY": "k"],
                recordsCheck: { $0 == .kernel ? "not here" : nil })
            return directory.told(result.fileFaults.all)
        }
        #expect(try told("tls: {records: kernel}") == ["tidegate.yaml:9:16: warning: tls.records: not here"])
        #expect(try told("tls: {records: direct}") == [])
        #expect(try told("") == [])
    }

    @Test func theHashOfNothingIsNoKey() throws {
        let directory = try Directory()
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        let policy = smallPolicy.replacing(String(repeating: "ab", count: 32), with: empty)
        #expect(try load(directory, policies: ["policy.yaml": policy]).readFaults.hasErrors)
    }

    @Test func aPatternThatNamesNoFileIsAFault() throws {
        let directory = try Directory()
        let result = try load(directory, pattern: "none/*.yaml", policies: [:])
        #expect(
            directory.told(result.faults.errors)
                == ["tidegate.yaml:8:10: error: `none/*.yaml` names no file; without tenants every request is refused"])
    }

    @Test func faultsOfAllFilesAreToldAtOnce() throws {
        let directory = try Directory()
        try directory.write("tidegate.yaml", smallFile + "\nfoo: 1")
        try directory.write("policy.yaml", smallPolicy + "\nbar: 1")
        let result = ConfigurationLoader.load(directory.path + "/tidegate.yaml", environment: ["KEY": "k"])
        #expect(
            directory.told(result.faults.errors).map { String($0.prefix { $0 != " " }) } == [
                "policy.yaml:7:1:", "tidegate.yaml:9:1:",
            ])
    }

    @Test func aFileThatCannotBeReadIsAFault() throws {
        #expect(
            ConfigurationLoader.load("/nowhere/t.yaml").faults.all.map(\.description) == [
                "/nowhere/t.yaml:1:1: error: /nowhere/t.yaml cannot be read"
            ])
        let directory = try Directory()
        let file = directory.path + "/latin.yaml"
        try Data([0x61, 0x3a, 0x20, 0xe9]).write(to: URL(filePath: file))
        #expect(
            directory.told(ConfigurationLoader.load(file).faults.all) == [
                "latin.yaml:1:1: error: the file is not UTF-8"
            ])
    }

    @Test func aCertificateThatDoesNotFitItsKeyIsToldByWhoeverKnows() throws {
        let directory = try Directory()
        try directory.write("a.crt", "-----BEGIN CERTIFICATE-----")
        try directory.write("a.key", "-----BEGIN PRIVATE KEY-----")
        try directory.write(
            "tidegate.yaml",
            smallFile.replacing("0\"}]", with: "0\", tls: {certificates: [{chain: a.crt, key: a.key}]}}]"))
        try directory.write("policy.yaml", smallPolicy)
        let result = ConfigurationLoader.load(directory.path + "/tidegate.yaml", environment: ["KEY": "k"]) { files in
            files.chain.hasSuffix("/a.crt") && files.key.hasSuffix("/a.key") ? "the key is another certificate's" : nil
        }
        #expect(result.readFaults.errors == [])
        #expect(
            directory.told(result.fileFaults.all) == ["tidegate.yaml:3:59: error: the key is another certificate's"])
    }
}

extension ConfigurationLoaderTests {
    @Test func whatIsWrongWithClientsCertificatesIsToldByWhoeverKnows() throws {
        let directory = try Directory()
        for (name, kind) in [
            ("a.crt", "CERTIFICATE"), ("a.key", "PRIVATE KEY"), ("ca.crt", "CERTIFICATE"), ("ca.crl", "X509 CRL"),
        ] {
            try directory.write(name, "-----BEGIN \(kind)-----")
        }
        try directory.write("policy.yaml", smallPolicy)
        func told(_ keys: String) throws -> [String] {
            let listener = "{certificates: [{chain: a.crt, key: a.key}], \(keys)}"
            try directory.write("tidegate.yaml", smallFile.replacing("0\"}]", with: "0\", tls: \(listener)}]"))
            let result = ConfigurationLoader.load(
                directory.path + "/tidegate.yaml", environment: ["KEY": "k"],
                clientCheck: { settings in
                    [
                        ClientCertificateFinding(.error, .authorities, "of the authority"),
                        ClientCertificateFinding(.warning, .revocations, settings.revocations ?? "no list"),
                    ]
                })
            return directory.told(result.fileFaults.all)
        }
        #expect(
            try told("client_ca: ca.crt, client_crl: ca.crl") == [
                "tidegate.yaml:3:99: error: of the authority", "tidegate.yaml:3:119: warning: ca.crl",
            ])
        #expect(
            try told("client_ca: ca.crt") == [
                "tidegate.yaml:3:99: error: of the authority", "tidegate.yaml:3:99: warning: no list",
            ])
        #expect(
            try told("client_ca: ca.crt, client_crl: a.crt") == [
                "tidegate.yaml:3:119: error: listeners[0].tls.client_crl: a.crt holds no PEM revocation list; `openssl crl "
                    + "-inform DER -in FILE` makes one of the binary form"
            ])
        #expect(try told("minimum: \"1.3\"") == [])
    }
}

/// The text with a few of its words swapped, dropped or replaced by what does not belong there.
private func damaged(_ text: String, _ random: inout Seeded) -> String {
    let intruders = [
        "", "[", "]", "{", "}", ":", "- ", "0", "-1", "99999999999999999999", "any", "~", "&a", "*a", "\"", "'", "\t",
        "é", "\n",
    ]
    var words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: words.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: words[place] = intruders.randomElement(using: &random) ?? ""
        case 1: words.swapAt(place, Int.random(in: words.indices, using: &random))
        default: words[place] += intruders.randomElement(using: &random) ?? ""
        }
    }
    return words.joined(separator: " ")
}

private func load(
    _ directory: Directory, pattern: String = "policy.yaml", policies: [String: String]
) throws -> LoadResult {
    let file = try directory.write("tidegate.yaml", smallFile.replacing("[policy.yaml]", with: "[\"\(pattern)\"]"))
    for (name, text) in policies { try directory.write(name, text) }
    return ConfigurationLoader.load(file, environment: ["KEY": "k"])
}

private func tokenPolicy(_ tenant: String, _ value: String, _ more: String) -> String {
    """
    version: 1
    tenants: {\(tenant): {residency: eu, clients: {jwt: {claim: org, value: \(value)\(more)}}}}
    """
}
