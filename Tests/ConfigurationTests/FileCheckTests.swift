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

private func check(_ directory: Directory, _ files: [(String, FileRole)]) -> [String] {
    var check = FileCheck(environment: [:])
    let place = Place(file: directory.path + "/t")
    check.check(files.map { SchemaCheck.Reference(place: place, key: "k", target: .file($0.0, $0.1)) })
    return directory.told(check.faults.all)
}
