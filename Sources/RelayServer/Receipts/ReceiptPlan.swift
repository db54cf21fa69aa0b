import Configuration
import Crypto
import Receipts

/// Where receipts go and how: settings, with the key they name.
struct ReceiptPlan: Sendable {
    let file: String
    /// Signs checkpoints; nil: none are written.
    let key: Signature.PrivateKey?
    let checkpoint: Duration
    let whenUnwritable: ReceiptSettings.WhenUnwritable

    init(_ settings: ReceiptSettings, environment: Environment) throws(RelayStartError) {
        file = settings.file
        checkpoint = settings.checkpoint
        whenUnwritable = settings.whenUnwritable
        key = try settings.signingKey.map { (source) throws(RelayStartError) in
            try Self.key(source, environment: environment)
        }
    }

    private static func key(
        _ source: SecretSource, environment: Environment
    ) throws(RelayStartError) -> Signature.PrivateKey {
        let pem: Secret
        do throws(SecretError) { pem = try source.resolve(environment: environment) } catch {
            throw RelayStartError(text: "The signing key of receipts: \(error.sentence).")
        }
        do throws(SignatureError) { return try Signature.PrivateKey(pem: pem, named: source.name) } catch {
            throw RelayStartError(text: "The signing key of receipts: \(error.sentence).")
        }
    }

    var signer: ReceiptSigner? {
        key.map { key in
            ReceiptSigner(key: key.publicKey.id) { Base64.standard.encode(key.sign($0)) }
        }
    }

    static let digest: ReceiptLine.Digest = { Hex.encode(Digest.sha256($0)) }
}
