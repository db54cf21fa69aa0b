import Bytes
import JSON
import Policy

/// One line of a receipt log: a JSON object in one fixed order of members.
///
/// `n`, `kind` and `previous` come first, `hash` comes last: the SHA-256 of all bytes of the line before `,"hash"`. So every
/// byte of a line is covered, and by `previous`, the hash of the line before, every line before it.
///
/// `Receipts` knows what a log says and when it is whole, and nothing of files, keys or digests: those are closures. The
/// relay's writer appends by it, `audit verify` and `audit report` read by it.
package struct ReceiptLine: Equatable, Sendable {
    /// Its place in the log, from 0.
    package let number: Int
    /// What it says.
    package let kind: ReceiptEntry.Kind
    /// The hash of the line before; zeros for the first.
    package let previous: String
    /// Its own hash, as it says itself.
    package let hash: String
    /// Its own hash, as it is.
    package let trueHash: String
    /// The whole line, without its line feed.
    package let bytes: [UInt8]

    /// SHA-256 in lower-case hex.
    package typealias Digest = @Sendable (RawSpan) -> String

    /// What the first line of a log names as the one before.
    package static let none = String(repeating: "0", count: hashDigits)

    static let hashDigits = 64

    /// What every reader of JSON can hold (RFC 8259 §6), and far from where adding one would overflow.
    private static let maxNumber = 1 << 53

    /// Whether nobody has touched it since its hash was made.
    package var isWhole: Bool { hash == trueHash }
}

// MARK: - Writing

extension ReceiptLine {
    /// The line for `entry`.
    ///
    /// - Parameter signer: signs it, if it is a checkpoint.
    init(
        _ entry: ReceiptEntry, number: Int, previous: String, signer: ReceiptSigner?, digest: Digest
    ) {
        var object = JSONObjectWriter()
        object.member("n", number)
        object.member("kind", entry.kind.rawValue)
        object.member("previous", previous)
        entry.write(to: &object)
        if case .checkpoint = entry, let signer {
            object.member("key", signer.key)
            object.member("signature", signer.sign(object.unfinished))
        }
        let hash = digest(object.unfinished.span.bytes)
        object.member("hash", hash)
        self.init(
            number: number, kind: entry.kind, previous: previous, hash: hash, trueHash: hash, bytes: object.json)
    }
}

// MARK: - Reading

extension ReceiptLine {
    /// Takes a line apart, without judging it; nil when it has not the form of one.
    ///
    /// - Parameter text: without the line feed.
    package init?(_ text: RawSpan, digest: Digest) {
        guard let end = Self.startOfHash(in: text) else { return nil }
        var reader = Prefix(text)
        guard reader.skip(#"{"n":"#), let number = reader.number(), reader.skip(#","kind":""#),
            let kind = reader.word().flatMap(ReceiptEntry.Kind.init), reader.skip(#"","previous":""#),
            let previous = reader.word(), previous.utf8.count == Self.hashDigits, reader.skip("\""),
            reader.position <= end, number <= Self.maxNumber
        else { return nil }
        let hash = text.extracting(end + Self.hashMember.utf8.count..<text.byteCount - 2)
        self.init(
            number: number, kind: kind, previous: previous, hash: String(decoding: [UInt8](hash), as: UTF8.self),
            trueHash: digest(text.extracting(0..<end)), bytes: [UInt8](text))
    }

    /// Whether the bytes end as a line does: a line that was torn does not, one that was altered may.
    package static func endsAsLine(_ text: RawSpan) -> Bool {
        startOfHash(in: text) != nil
    }

    /// Whether a line can begin like this, however little of it there is.
    package static func mayBegin(_ text: RawSpan) -> Bool {
        let start = #"{"n":"#.utf8
        return text.withUnsafeBytes { $0.prefix(start.count).elementsEqual(start.prefix($0.count)) }
    }

    private static let hashMember = #","hash":""#

    /// Where `,"hash":"…"}` begins.
    private static func startOfHash(in text: RawSpan) -> Int? {
        let start = text.byteCount - hashMember.utf8.count - hashDigits - 2
        guard start > 0 else { return nil }
        var reader = Prefix(text, at: start)
        guard reader.skip(hashMember), let hash = reader.word(), hash.utf8.count == hashDigits, reader.skip(#""}"#)
        else {
            return nil
        }
        return start
    }

    /// The member `name` as text.
    package func string(_ name: String) -> String? {
        JSONScanner.topLevelString(name, in: bytes.span.bytes)
    }

    /// The member `name` as a truth value; nil when it is missing.
    package func boolean(_ name: String) -> Bool? {
        JSONScanner.topLevelBoolean(name, in: bytes.span.bytes)
    }

    /// The member `name` as a number; nil when it is missing.
    package func integer(_ name: String) -> Int? {
        JSONScanner.topLevelInteger(name, in: bytes.span.bytes)
    }
}

extension ReceiptLine {
    /// Where the relay stood, as lines of sessions say it.
    var site: Site {
        Site(name: string("site") ?? "", zone: string("site_zone").flatMap { Zone($0) })
    }
}

// MARK: - Signatures

extension ReceiptLine {
    /// What a checkpoint says of its signature: by which key, and over which bytes. Nil when it has not the form of one.
    var signed: (key: String, signature: String, message: [UInt8])? {
        guard kind == .checkpoint, let key = string("key"), let signature = string("signature") else { return nil }
        let tail = Self.signatureMember + signature + "\"" + Self.hashMember + hash + "\"}"
        guard bytes.count > tail.utf8.count, bytes.suffix(tail.utf8.count).elementsEqual(tail.utf8) else { return nil }
        return (key, signature, Array(bytes.dropLast(tail.utf8.count)))
    }

    private static let signatureMember = #","signature":""#
}

/// What signs checkpoints.
package struct ReceiptSigner: Sendable {
    /// The id of the public key that verifies them.
    package let key: String
    /// The signature of some bytes, as text without characters that JSON escapes.
    package let sign: @Sendable ([UInt8]) -> String

    package init(key: String, sign: @escaping @Sendable ([UInt8]) -> String) {
        self.key = key
        self.sign = sign
    }
}

/// What verifies them.
package struct ReceiptKey: Sendable {
    /// The key's id, as checkpoints name it.
    package let id: String
    /// Whether the text is its signature of the bytes.
    package let verifies: @Sendable (String, [UInt8]) -> Bool

    package init(id: String, verifies: @escaping @Sendable (String, [UInt8]) -> Bool) {
        self.id = id
        self.verifies = verifies
    }
}

/// Reads what stands in a fixed order.
private struct Prefix: ~Escapable {
    private let text: RawSpan
    private(set) var position: Int

    @_lifetime(copy text)
    init(_ text: RawSpan, at position: Int = 0) {
        self.text = text
        self.position = position
    }

    @_lifetime(self: copy self)
    mutating func skip(_ expected: String) -> Bool {
        for byte in expected.utf8 {
            guard text.byte(at: position) == byte else { return false }
            position += 1
        }
        return true
    }

    /// Lower-case letters and digits: names of kinds, and hashes.
    @_lifetime(self: copy self)
    mutating func word() -> String? {
        let start = position
        while let byte = text.byte(at: position), isOfWord(byte) { position += 1 }
        guard position > start else { return nil }
        return String(decoding: [UInt8](text.extracting(start..<position)), as: UTF8.self)
    }

    /// Digits, without a leading zero.
    @_lifetime(self: copy self)
    mutating func number() -> Int? {
        let start = position
        guard let word = word(), let number = Int(word), String(number) == word else {
            position = start
            return nil
        }
        return number
    }

    private func isOfWord(_ byte: UInt8) -> Bool {
        byte.decimalDigit != nil || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}
