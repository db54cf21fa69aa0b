import Configuration
import Crypto
import Foundation
import Glibc
import Receipts
import Testing

/// A receipt log in a directory of its own, as a test's relay writes it and whoever has the public key reads it.
final class ReceiptLog {
    let folder: String
    let key = Signature.PrivateKey()

    init() throws {
        folder = FileManager.default.temporaryDirectory.path() + "/receipts-" + Hex.encode(RandomBytes.make(8))
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        try key.pem.withBytes { try Data($0).write(to: URL(filePath: keyFile)) }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: folder)
    }

    var path: String { folder + "/receipts.jsonl" }
    var keyFile: String { folder + "/key" }

    func settings(checkpoint: Duration = .seconds(60)) -> ReceiptSettings {
        ReceiptSettings(file: path, signingKey: .file(keyFile), checkpoint: checkpoint)
    }

    func bytes(of path: String? = nil) -> [UInt8] {
        FileManager.default.contents(atPath: path ?? self.path).map(Array.init) ?? []
    }

    /// Its whole lines.
    func lines(of path: String? = nil) -> [ReceiptLine] {
        bytes(of: path).split(separator: 0x0A).compactMap { line in
            ReceiptLine(Array(line).span.bytes, digest: Self.digest)
        }
    }

    func lines(_ kind: ReceiptEntry.Kind) -> [ReceiptLine] { lines().filter { $0.kind == kind } }

    /// What an auditor finds.
    func verdict(_ paths: [String]? = nil) -> ReceiptVerdict {
        let publicKey = key.publicKey
        let key = ReceiptKey(id: publicKey.id) { signature, message in
            Base64.standard.decode(signature).map { publicKey.verifies($0, of: message) } ?? false
        }
        var verifier = ReceiptVerifier(keys: [key], digest: Self.digest)
        for path in paths ?? [path] {
            verifier.begin(file: path)
            var lines = bytes(of: path).split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
            if lines.last?.isEmpty == true { lines.removeLast() }
            for line in lines { verifier.read(line.span.bytes) }
        }
        return verifier.finish()
    }

    /// Waits until the log is as it should be.
    func wait(until isDone: (ReceiptLog) -> Bool) throws {
        let changes = inotify_init1(Int32(IN_CLOEXEC))
        defer { close(changes) }
        try #require(inotify_add_watch(changes, folder, UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO)) >= 0)
        var events = [UInt8](repeating: 0, count: 4096)
        while !isDone(self) {
            var question = pollfd(fd: changes, events: Int16(POLLIN), revents: 0)
            try #require(poll(&question, 1, 30_000) == 1, "the log does not become what it should be")
            _ = read(changes, &events, events.count)
        }
    }

    private static let digest: ReceiptLine.Digest = { Hex.encode(Digest.sha256($0)) }
}
