import ArgumentParser
import Crypto
import Foundation
import Receipts

/// The files of a receipt log, as every command on one takes them.
struct ReceiptFiles: ParsableArguments {
    @Argument(help: ArgumentHelp("The receipt log: its files in the order they were written, the oldest first."))
    var files: [String]

    @Option(
        name: .customLong("public-key"),
        help: ArgumentHelp(
            "A key that checkpoints must be signed with, PEM; may be given again for a later key.", valueName: "file"))
    var publicKeys: [String] = []

    @Flag(help: "A file may begin another log, as when the old one was moved away while no relay ran.")
    var allowNewLog = false

    /// Reads every line once, in memory that does not grow with the files.
    ///
    /// - Parameter body: is given each line that is whole and in its place.
    func read(_ body: (ReceiptLine, ReceiptPlace) -> Void = { _, _ in }) throws -> ReceiptVerdict {
        var verifier = ReceiptVerifier(keys: try keys(), mayBeginAnew: allowNewLog, digest: Self.digest)
        for file in files {
            verifier.begin(file: file)
            var number = 0
            try LineReader.read(file) { line, isEnded in
                number += 1
                guard let line = verifier.read(line, isEnded: isEnded) else { return }
                body(line, ReceiptPlace(file: file, line: number))
            }
        }
        return verifier.finish()
    }

    private func keys() throws -> [ReceiptKey] {
        try publicKeys.map { path in
            let key = try Signature.PublicKey(pem: try LineReader.bytes(of: path), named: path)
            return ReceiptKey(id: key.id) { signature, message in
                Base64.standard.decode(signature).map { key.verifies($0, of: message) } ?? false
            }
        }
    }

    private static let digest: ReceiptLine.Digest = { Hex.encode(Digest.sha256($0)) }
}

extension SignatureError: CustomStringConvertible {
    package var description: String { sentence }
}
