import Foundation
import Identity
import RelayTestKit
import Testing

@testable import RelayServer

@Suite struct KeySetFileTests {
    @Test func aKeySetIsReadFromItsFile() throws {
        let path = try file(TokenSigner.keySet(TokenSigner.p256.jwk(id: "1"), TokenSigner.rsa.jwk(id: "2")))
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try KeySetFile.read(path).count == 2)
        #expect(KeySetFile.fault(in: path) == nil)
    }

    @Test func whatIsWrongWithAFileIsSaid() throws {
        #expect(KeySetFile.fault(in: "/nowhere") == "/nowhere cannot be read")
        #expect(KeySetFile.fault(in: "/")?.hasPrefix("/ cannot be read") == true)
        for (bytes, expected) in [
            ([], "is not a JSON Web Key Set"), (Array("{\"keys\":[]}".utf8), "holds no key"),
            (Array(repeating: UInt8(ascii: " "), count: KeySet.maxBytes + 1), "is larger than any provider's"),
        ] {
            let path = try file(bytes)
            defer { try? FileManager.default.removeItem(atPath: path) }
            #expect(KeySetFile.fault(in: path)?.hasPrefix("the key set in \(path) \(expected)") == true)
        }
    }

    private func file(_ bytes: [UInt8]) throws -> String {
        let path = FileManager.default.temporaryDirectory.path() + "/keys-\(UUID().uuidString)"
        try Data(bytes).write(to: URL(filePath: path))
        return path
    }
}
