import Crypto
import Foundation
import Glibc

/// The environment variables that a configuration may name. Each is asked for by its name; nobody reads them all.
///
/// Thread-safe.
package final class Environment: @unchecked Sendable {
    // Unchecked: `kept` is touched under `lock` alone.
    private var kept: [String: Secret]
    private let lock = NSLock()
    /// Whether what is not kept is looked for in the environment of the process.
    private let isOfProcess: Bool

    /// The environment of this process. A variable that was asked for once is known from then on and is gone from the
    /// process's own memory, so that /proc/PID/environ does not show it.
    package static let process = Environment([:], isOfProcess: true)

    /// These variables and no others.
    package convenience init(_ values: [String: String]) {
        self.init(values.mapValues { Secret($0) }, isOfProcess: false)
    }

    private init(_ kept: [String: Secret], isOfProcess: Bool) {
        self.kept = kept
        self.isOfProcess = isOfProcess
    }

    /// What a variable holds; nil when it is not set.
    package func value(of name: String) -> Secret? {
        lock.withLock {
            if isOfProcess, kept[name] == nil { kept[name] = Self.take(name) }
            return kept[name]
        }
    }

    /// Moves the value out of the memory that the kernel laid it in. The variable stays, and is empty.
    private static func take(_ name: String) -> Secret? {
        guard let value = getenv(name) else { return nil }
        let memory = UnsafeMutableRawBufferPointer(start: value, count: strlen(value))
        defer { SecretMemory.wipe(memory) }
        return Secret(copying: UnsafeRawBufferPointer(memory))
    }
}

extension Environment: ExpressibleByDictionaryLiteral {
    package convenience init(dictionaryLiteral values: (String, String)...) {
        self.init(Dictionary(values, uniquingKeysWith: { first, _ in first }))
    }
}
