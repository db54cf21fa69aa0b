import COpenSSL

/// Bytes that must not be seen: a provider key, a signing key, a token.
///
/// Prints as `‹redacted›` whichever way it is printed, dumped or interpolated, and is wiped when the last owner lets
/// go. Read it with `withBytes` and make no lasting copy.
package final class Secret: Sendable {
    // Memory of our own, because an array is copied on write and so cannot be wiped with certainty.
    // Unsafe only to the compiler: written in `init` and wiped in `deinit`, when nobody else can hold it.
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer

    /// Keeps a copy of `bytes`. The caller's array is the caller's to forget.
    package init(_ bytes: [UInt8]) {
        storage = .allocate(byteCount: bytes.count, alignment: 1)
        storage.copyBytes(from: bytes)
    }

    /// Keeps a copy of the text's UTF-8.
    package convenience init(_ text: String) {
        self.init([UInt8](text.utf8))
    }

    deinit {
        OPENSSL_cleanse(storage.baseAddress, storage.count)
        storage.deallocate()
    }

    /// How many bytes it has.
    package var count: Int { storage.count }

    /// Lends the bytes for the duration of `body`. Any thread.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(storage))
    }
}

extension Secret: Equatable {
    /// Compares in constant time.
    package static func == (left: Secret, right: Secret) -> Bool {
        ConstantTime.equal(UnsafeRawBufferPointer(left.storage), UnsafeRawBufferPointer(right.storage))
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "‹redacted›" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
