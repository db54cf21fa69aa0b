import COpenSSL

/// Comparison whose duration does not tell how much of a secret was guessed.
package enum ConstantTime {
    /// Whether both are the same bytes. The time taken depends on the lengths alone. Any thread.
    package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withUnsafeBytes { left in right.withUnsafeBytes { right in equal(left, right) } }
    }

    /// Whether both are the same bytes. The time taken depends on the lengths alone. Any thread.
    package static func equal(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        guard left.count == right.count else { return false }
        return left.isEmpty || CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
    }
}
