import Testing

@testable import Configuration

@Suite struct SchemaCheckTests {
    @Test func aFileWithoutFaultHasNone() {
        #expect(faults(inTidegateFile: smallFile) == [])
        #expect(faults(inPolicyFile: smallPolicy) == [])
    }

    @Test(arguments: [
        (
            "limits: {sesions: 5}",
            "t.yaml:9:10: error: unknown key `limits.sesions`; the nearest known key is `sessions`"
        ),
        ("listner: []", "t.yaml:9:1: error: unknown key `listner`; the nearest known key is `listeners`"),
        ("limits: 5", "t.yaml:9:9: error: limits is `5`; it takes a mapping"),
        (
            "limits: {sessions: many}",
            "t.yaml:9:20: error: limits.sessions is `many`; it takes a whole number from 1 to 1000000"
        ),
        (
            "limits: {sessions: 0}",
            "t.yaml:9:20: error: limits.sessions is `0`; it takes a whole number from 1 to 1000000"
        ),
        (
            "limits: {sessions: [5]}",
            "t.yaml:9:20: error: limits.sessions is a list; it takes a whole number from 1 to 1000000"
        ),
        (
            "limits: {header_bytes: 16KB}",
            "t.yaml:9:24: error: limits.header_bytes is `16KB`; it takes a size from 1KiB to 1MiB, such as 64KiB"
        ),
        (
            "timeouts: {ping: 20}",
            "t.yaml:9:18: error: timeouts.ping is `20`; it takes a duration above 0, such as 500ms, 30s, 5m or 3h"
        ),
        (
            "timeouts: {ping: 0s}",
            "t.yaml:9:18: error: timeouts.ping is `0s`; it takes a duration above 0, such as 500ms, 30s, 5m or 3h"
        ),
        (
            "log: {level: loud}",
            "t.yaml:9:14: error: log.level is `loud`; it takes `debug` or `info` or `warning` or `error`"
        ),
        (
            "parameters: {force: {token: x}}",
            "t.yaml:9:22: error: `token` is not a parameter that the provider is sent: `token` and `zone` are Tidegate's own"
        ),
        (
            "parameters: {force: {zone: eu}}",
            "t.yaml:9:22: error: `zone` is not a parameter that the provider is sent: `token` and `zone` are Tidegate's own"
        ),
        (
            "parameters: {force: {\"a b\": x}}",
            "t.yaml:9:22: error: `a b` is not a parameter's name: 1–40 letters, digits, `_`, `-` or `.`"
        ),
        (
            "parameters: {allow: [größe]}",
            "t.yaml:9:22: error: parameters.allow[0] is `größe`; it takes a parameter's name: 1–40 letters, digits, `_`, `-` or `.`"
        ),
        ("parameters: {allow: none}", "t.yaml:9:21: error: parameters.allow is `none`, not `any`, or a list of names"),
        ("parameters: {force: {a: x, a: y}}", "t.yaml:9:22: error: given twice in one mapping: `a`"),
        ("parameters: {force: {1: x, \"1\": y}}", "t.yaml:9:28: error: `1` is forced twice; leave one of them out"),
        ("log:", "t.yaml:9:1: error: log has no value; give it a mapping, or leave the key out"),
        ("threads: -1", "t.yaml:9:10: error: threads is `-1`; it takes a whole number from 0 to 1024"),
        ("hosts: {\"eu:443\": eu}", "t.yaml:9:9: error: `eu:443` is not a host name without a port"),
        (
            "hosts: {eu.example: EU}",
            "t.yaml:9:21: error: hosts.eu.example is `EU`; it takes a zone's name: lowercase letters, digits and `-`, beginning with a letter"
        ),
        (
            "admin: {token: hush}",
            "t.yaml:9:16: error: admin.token is written out, and a secret never stands in this file; use {file: PATH} or {env: NAME}"
        ),
        (
            "admin: {token: {file: a, env: b}}",
            "t.yaml:9:16: error: admin.token takes {file: PATH} or {env: NAME}, one of the two"
        ),
        (
            "identity: [{issuer: a, audience: b, jwks: http://x, tenant_claim: c, algorithms: [none]}]",
            "t.yaml:9:43: error: identity[0].jwks takes an https:// URL, or {file: PATH}"
        ),
    ])
    func aFaultSaysWhereWhatAndTheRemedy(line: String, expected: String) {
        #expect(faults(inTidegateFile: smallFile + "\n" + line).contains(expected))
    }

    @Test func aMissingKeyIsNamedWithItsMeaning() {
        let told = faults(inTidegateFile: "version: 1\nzones: {eu: {endpoints: []}}")
        #expect(told.contains("t.yaml:1:1: error: `listeners` is required: The addresses to listen on."))
        #expect(told.contains("t.yaml:2:13: error: zones.eu: `key` is required: The provider key."))
        #expect(told.contains { $0.contains("zones.eu.endpoints is empty") })
    }

    @Test func allFaultsAreToldAtOnce() {
        let text =
            smallFile + "\nlimits: {sessions: x, sesions: 1}\ntimeouts: {ping: x, pong: y}\nlog: {format: xml}\nfoo: 1"
        #expect(faults(inTidegateFile: text).count == 6)
    }

    @Test func aWrittenOutSecretIsNeverRepeated() {
        for text in ["admin: {token: hush}", "admin: {token: [hush]}", "admin: {token: {file: {a: hush}}}"] {
            #expect(!faults(inTidegateFile: smallFile + "\n" + text).joined().contains("hush"))
        }
        let policy = smallPolicy.replacing(String(repeating: "ab", count: 32), with: "tg_hush")
        #expect(faults(inPolicyFile: policy).count == 1)
        #expect(!faults(inPolicyFile: policy).joined().contains("hush"))
    }

    @Test(arguments: ["compression: passthrough"])
    func anyOtherKeyWithoutEffectIsANote(line: String) {
        let told = faults(inTidegateFile: smallFile + "\n" + line)
        #expect(told.count == 1)
        #expect(told.first?.contains("note: ") == true)
    }

    @Test(arguments: ["compression: off"])
    func aValueThatAsksForNothingIsNotMentioned(line: String) {
        #expect(faults(inTidegateFile: smallFile + "\n" + line) == [])
    }

    @Test func controlCharactersOfAFileNeverReachTheTerminal() {
        let told = faults(inTidegateFile: smallFile + "\n\"a\\e[31m\\nb\": 1")
        #expect(told.joined().contains("\u{1b}") == false)
        #expect(told.joined().contains("\n") == false)
    }
}
