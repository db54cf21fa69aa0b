import Foundation
import Glibc
import Testing

@testable import Crypto

@Suite struct SecretFileTests {
    @Test(arguments: [0, 1, 5, 100]) func aFileIsReadWhole(count: Int) throws {
        let file = try TemporaryFile(Data((0..<count).map { UInt8($0) }))
        let secret = try Secret.file(file.path, maxBytes: 100)
        #expect(secret.withBytes { Array($0) } == (0..<count).map { UInt8($0) })
    }

    @Test func aFileThatIsTooLargeIsRefused() throws {
        let file = try TemporaryFile(Data(count: 101))
        #expect(throws: SecretFileError.tooLarge) { try Secret.file(file.path, maxBytes: 100) }
    }

    @Test func whatCannotBeReadSaysWhy() {
        #expect(throws: SecretFileError.unreadable(code: ENOENT)) { try Secret.file("/nowhere/key", maxBytes: 100) }
        #expect(throws: SecretFileError.unreadable(code: EISDIR)) { try Secret.file("/", maxBytes: 100) }
    }
}

private final class TemporaryFile {
    let path = NSTemporaryDirectory() + "secret-" + UUID().uuidString

    init(_ contents: Data) throws {
        try contents.write(to: URL(fileURLWithPath: path))
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }
}
