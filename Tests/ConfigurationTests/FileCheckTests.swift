import Crypto
import Testing

@testable import Configuration

@Suite struct FileCheckTests {
    @Test func aMissingOrWrongFileIsAnErrorAtItsPlace() throws {
        let directory = try Directory()
        try directory.write("empty", "")
        try directory.write("text", "nothing", mode: 0o644)
        #expect(
            check(directory, [("a", .secret), ("empty", .secret), ("text", .certificateChain), ("text", .privateKey)])
                == [
                    "t:1:1: error: k: there is no file a", "t:1:1: error: k: empty is empty",
                    "t:1:1: error: k: text holds no PEM certificate", "t:1:1: error: k: text holds no PEM private key",
                ])
    }

    @Test func aKeyThatOthersReadIsAWarning() throws {
        let directory = try Directory()
        try directory.write("open", "key", mode: 0o644)
        try directory.write("closed", "key", mode: 0o640)
        try directory.write("shared", "key", mode: 0o660)
        #expect(
            check(directory, [("open", .secret), ("closed", .secret), ("shared", .secret)]) == [
                "t:1:1: warning: k: every user of this machine may read open; `chmod o-rw` it",
                "t:1:1: warning: k: the file's group may replace shared; `chmod g-w` it",
            ])
    }

    @Test func aKeyThatCannotSignReceiptsIsAnError() {
        func complaints(_ pem: String) -> [String] {
            var files = FileCheck(environment: ["PEM": pem])
            files.check([
                SchemaCheck.Reference(
                    place: Place(file: "t"), key: "receipts.signing_key", target: .variable("PEM"))
            ])
            return files.faults.all.map(\.message)
        }
        let good = Signature.PrivateKey().pem.withBytes { String(decoding: $0, as: UTF8.self) }
        #expect(complaints(good).isEmpty)
        let told = complaints("nothing")
        #expect(told.count == 1 && told[0].hasPrefix("receipts.signing_key: PEM holds no readable key"))
    }

    @Test(arguments: [
        (["aa"], ["tokens.signing_keys[0]: K0 holds less than 32 bytes in hex"]),
        (["not hex"], ["tokens.signing_keys[0]: K0 is not hexadecimal text"]),
        ([sixtyFour + "0"], ["tokens.signing_keys[0]: K0 is not hexadecimal text"]),
        ([sixtyFour], []), ([sixtyFour + "\n"], []), ([sixtyFour + "00"], []),
        ([sixtyFour, "00" + sixtyFour], []),
        (
            [sixtyFour, "bb", sixtyFour.uppercased()],
            [
                "tokens.signing_keys[1]: K1 holds less than 32 bytes in hex",
                "tokens.signing_keys[2] is the same key as tokens.signing_keys[0]; leave one of them out",
            ]
        ),
        ([""], ["tokens.signing_keys[0]: the environment variable K0 is not set"]),
    ])
    func aKeyThatCannotSignTokensIsAnError(keys: [String], expected: [String]) {
        let names = keys.indices.map { "K\($0)" }
        var files = FileCheck(environment: Environment(Dictionary(uniqueKeysWithValues: zip(names, keys))))
        files.check(
            names.enumerated().map { index, name in
                SchemaCheck.Reference(
                    place: Place(file: "t"), key: "tokens.signing_keys[\(index)]", target: .variable(name))
            })
        let told = files.faults.all.map(\.message)
        #expect(told.count == expected.count, "\(told)")
        for (told, expected) in zip(told, expected) { #expect(told.hasPrefix(expected)) }
        for told in told where told.contains("bytes") || told.contains("text") {
            #expect(told.hasSuffix("make a key with `openssl rand -hex 32`"))
        }
    }

    @Test func aVariableMustBeSet() {
        var files = FileCheck(environment: ["SET": "x", "EMPTY": ""])
        files.check(
            ["SET", "EMPTY", "UNSET"].map {
                SchemaCheck.Reference(place: Place(file: "t"), key: "k", target: .variable($0))
            })
        #expect(
            files.faults.all.map(\.message)
                == ["EMPTY", "UNSET"].map { "k: the environment variable \($0) is not set" })
    }
}

private let sixtyFour = String(repeating: "c0ffee00", count: 8)

private func check(_ directory: Directory, _ files: [(String, FileRole)]) -> [String] {
    var check = FileCheck(environment: [:])
    let place = Place(file: directory.path + "/t")
    check.check(files.map { SchemaCheck.Reference(place: place, key: "k", target: .file($0.0, $0.1)) })
    return directory.told(check.faults.all)
}
