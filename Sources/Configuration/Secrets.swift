import Crypto

/// Where a secret is kept. The secret itself never stands in a configuration file.
package enum SecretSource: Hashable, Sendable {
    /// A file, by its resolved path.
    case file(String)
    /// An environment variable.
    case environment(String)

    /// Reads the secret: the file's or variable's bytes without one line break at their end.
    ///
    /// - Throws: when it is not there, empty, too large, or holds what could not stand in a header field.
    package func resolve(environment: Environment = .process) throws(SecretError) -> Secret {
        let text = try read(environment)
        guard text.count <= SecretSource.maxBytes else { throw .tooLarge(name) }
        let secret = text.withBytes { Secret(copying: SecretSource.withoutLineBreak($0)) }
        guard secret.count > 0 else { throw .empty(name) }
        return secret
    }

    private func read(_ environment: Environment) throws(SecretError) -> Secret {
        switch self {
        case .file(let path):
            do throws(SecretFileError) { return try Secret.file(path, maxBytes: SecretSource.maxBytes) } catch {
                throw error == .tooLarge ? .tooLarge(path) : .unreadable(path)
            }
        case .environment(let name):
            guard let value = environment.value(of: name) else { throw .unset(name) }
            return value
        }
    }

    /// As `resolve`, for a key that will stand in a header field: one line of visible characters (RFC 9110 §5.5).
    package func resolveForHeader(environment: Environment = .process) throws(SecretError) -> Secret {
        let secret = try resolve(environment: environment)
        guard secret.withBytes({ $0.allSatisfy { (0x20...0x7e).contains($0) } }) else { throw .notALine(name) }
        return secret
    }

    /// As `resolve`, for a key that signs: at least 32 bytes, written in hexadecimal digits.
    package func resolveSigningKey(environment: Environment = .process) throws(SecretError) -> Secret {
        guard let key = Hex.decode(try resolve(environment: environment)) else { throw .notHex(name) }
        guard key.count >= SecretSource.minSigningKeyBytes else { throw .tooShort(name) }
        return key
    }

    /// The path or the variable's name; no secret.
    package var name: String {
        switch self {
        case .file(let path): path
        case .environment(let name): name
        }
    }

    /// Far beyond any key or PEM file: what is larger is the wrong file.
    private static let maxBytes = 64 << 10

    /// RFC 2104 §3: a key shorter than the digest makes a weaker code.
    private static let minSigningKeyBytes = 32

    /// Editors and `echo` end a file with a line break that is no part of the secret.
    private static func withoutLineBreak(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var text = bytes[...]
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        return UnsafeRawBufferPointer(rebasing: text)
    }
}

/// Why a secret cannot be had. Holds the place, never the secret.
package enum SecretError: Error, Equatable {
    case unreadable(String)
    case unset(String)
    case empty(String)
    case tooLarge(String)
    case notALine(String)
    case notHex(String)
    case tooShort(String)

    /// What is wrong, for operators.
    package var sentence: String {
        switch self {
        case .unreadable(let path): "\(path) cannot be read"
        case .unset(let name): "the environment variable \(name) is not set"
        case .empty(let name): "\(name) is empty"
        case .tooLarge(let name): "\(name) is too large to be a key"
        case .notALine(let name): "\(name) holds more than one line, or characters that cannot stand in a header field"
        case .notHex(let name): "\(name) is not hexadecimal text; make a key with `openssl rand -hex 32`"
        case .tooShort(let name):
            "\(name) holds less than 32 bytes in hex, 64 digits; make a key with `openssl rand -hex 32`"
        }
    }
}
