import Bytes
import Crypto
import Receipts

@testable import Policy

/// SHA-256 as the relay makes it.
let sha256: ReceiptLine.Digest = { Hex.encode(Digest.sha256($0)) }

extension Signature.PrivateKey {
    var signer: ReceiptSigner {
        ReceiptSigner(key: publicKey.id) { [self] in Base64.standard.encode(sign($0)) }
    }

    var verifier: ReceiptKey {
        let key = publicKey
        return ReceiptKey(id: key.id) { signature, message in
            Base64.standard.decode(signature).map { key.verifies($0, of: message) } ?? false
        }
    }
}

/// A log as a relay writes it, in memory.
struct Scribe {
    private(set) var chain: ReceiptChain
    private(set) var lines: [[UInt8]] = []
    let key: Signature.PrivateKey

    init(_ chain: ReceiptChain = ReceiptChain(), key: Signature.PrivateKey = Signature.PrivateKey()) {
        self.chain = chain
        self.key = key
    }

    /// Adds lines; their line feeds are left out of `lines`.
    mutating func add(_ entries: ReceiptEntry...) {
        for entry in entries { lines.append(chain.append(entry, signer: key.signer, digest: sha256).dropLast()) }
    }

    /// A relay that starts, opens and ends `sessions`, refuses one request, and ends in order.
    static func sample(sessions: Int = 3) -> Scribe {
        var scribe = Scribe()
        scribe.add(.sampleStart, .checkpoint(.init(time: noon)))
        for number in 0..<sessions {
            scribe.add(.opened(.sample(number)), .receipt(.sample(number)))
        }
        scribe.add(.receipt(.sampleRefusal), .lost(3, time: noon), .checkpoint(.init(time: noon, isClosing: true)))
        return scribe
    }
}

let noon = "2026-03-04T12:00:00.000Z"

extension ReceiptEntry {
    static let sampleStart = ReceiptEntry.started(
        Start(time: noon, site: .sample, program: "tidegate", policy: "1", key: "0011223344556677"))
}

extension Site {
    static let sample = Site(name: "eu-west-1a", zone: .eu)
}

extension Zone {
    static let us = Zone("us")!
    static let eu = Zone("eu")!
}

extension TenantName {
    static let acme = TenantName("acme")!
}

extension ReceiptEntry.Opening {
    static func sample(_ number: Int) -> Self {
        Self(
            time: noon, session: "session-\(number)", tenant: .acme, zone: .eu, endpoint: "wss://eu.example/v3/ws",
            site: .sample, policy: "1")
    }
}

extension Receipt {
    static func sample(_ number: Int) -> Receipt {
        Receipt(
            session: "session-\(number)", start: noon, end: "2026-03-04T12:00:05.250Z", tenant: .acme,
            credential: Credential(kind: "key", name: "main", id: "0123456789ab"), asked: .eu,
            origin: "https://app.acme.example", granted: .eu,
            rules: [TrailStep(rule: .credential, finding: .holds, sentence: "The credential proves tenant acme.")],
            site: .sample, policy: "1", lastPolicy: "2",
            upstream: Upstream(
                zone: .eu, endpoint: "wss://eu.example/v3/ws", address: "192.0.2.1:443",
                certificate: String(repeating: "ab", count: 32)),
            failedDials: [FailedDial(endpoint: "wss://eu-2.example/v3/ws", kind: "connect-failed")], milliseconds: 5250,
            dialMilliseconds: 90, up: Traffic(frames: 50, bytes: 160_000), down: Traffic(frames: 9, bytes: 4_321),
            audioMilliseconds: 5000, billedSeconds: 5, terminatedBy: "client", ending: "client-closed", closeCode: 1000)
    }

    static var sampleRefusal: Receipt {
        Receipt(
            session: "refused", start: noon, end: noon, tenant: .acme, asked: .us,
            refusal: Denial(name: "residency", sentence: "Zone us is not in the residency of tenant acme: eu."),
            site: .sample, policy: "1", milliseconds: 1, ending: "residency")
    }
}

/// Verifies lines as one file, or several files of lines.
func verify(
    _ files: [[UInt8]]..., keys: [ReceiptKey] = [], mayBeginAnew: Bool = false, lastIsTorn: Bool = false
) -> ReceiptVerdict {
    var verifier = ReceiptVerifier(keys: keys, mayBeginAnew: mayBeginAnew, digest: sha256)
    for (index, lines) in files.enumerated() {
        verifier.begin(file: "\(index).jsonl")
        for (number, line) in lines.enumerated() {
            let isLast = number == lines.count - 1
            verifier.read(line.span.bytes, isEnded: !(isLast && lastIsTorn))
        }
    }
    return verifier.finish()
}

/// The same for bytes, cut at their line feeds.
func verify(bytes: [UInt8], keys: [ReceiptKey] = []) -> ReceiptVerdict {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    let isTorn = lines.last?.isEmpty == false
    if !isTorn { lines.removeLast() }
    return verify(lines, keys: keys, lastIsTorn: isTorn)
}

extension ReceiptVerdict {
    /// The line the first fault names.
    var firstLine: Int? { faults.first?.place.line }
}

// The test macros cannot hold a span.

func parsed(_ bytes: [UInt8]) -> ReceiptLine? { ReceiptLine(bytes.span.bytes, digest: sha256) }

func hash(_ bytes: [UInt8]) -> String { sha256(bytes.span.bytes) }

func mayBegin(_ bytes: [UInt8]) -> Bool { ReceiptLine.mayBegin(bytes.span.bytes) }

func endsAsLine(_ bytes: [UInt8]) -> Bool { ReceiptLine.endsAsLine(bytes.span.bytes) }
