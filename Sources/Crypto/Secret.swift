/// Bytes that must not be seen: a provider key, a signing key, a token.
///
/// Prints as `‹redacted›` whichever way it is printed, dumped or interpolated. Lies in `SecretMemory` and is wiped when the
/// last owner lets go. Read it with `withBytes` and make no lasting copy.
package final class Secret: Sendable {
    // Unsafe only to the compiler: written in `init` and wiped in `deinit`, when nobody else can hold it.
    private nonisolated(unsafe) let memory: UnsafeMutableRawBufferPointer
    /// How many bytes it has.
    package let count: Int

    /// Room for `capacity` bytes, into which `fill` writes; it gives back how many it has written. Throws what `fill` throws.
    package init<Failure: Error>(
        capacity: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        let memory = SecretMemory.allocate(max(capacity, 1))
        let room = UnsafeMutableRawBufferPointer(rebasing: memory[..<max(capacity, 0)])
        do throws(Failure) {
            count = min(max(try fill(room), 0), room.count)
        } catch {
            SecretMemory.release(memory)
            throw error
        }
        self.memory = memory
    }

    /// Keeps a copy of `bytes`. The original is the caller's to wipe.
    package convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(capacity: bytes.count) { memory in
            memory.copyMemory(from: bytes)
            return bytes.count
        }
    }

    /// Keeps a copy of `bytes`. The caller's array is the caller's to forget.
    package convenience init(_ bytes: [UInt8]) {
        self.init(capacity: bytes.count) { memory in
            memory.copyBytes(from: bytes)
            return bytes.count
        }
    }

    /// Keeps a copy of the text's UTF-8.
    package convenience init(_ text: some StringProtocol) {
        self.init(capacity: text.utf8.count) { memory in
            memory.copyBytes(from: text.utf8)
            return memory.count
        }
    }

    /// Unpredictable bytes, which have never been anywhere else.
    package static func random(_ count: Int) -> Secret {
        Secret(capacity: count) { memory in
            RandomBytes.fill(memory)
            return memory.count
        }
    }

    deinit {
        SecretMemory.release(memory)
    }

    /// Lends the bytes for the duration of `body`. Any thread.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(rebasing: memory[..<count]))
    }
}

extension Secret: Equatable {
    /// Compares in constant time.
    package static func == (left: Secret, right: Secret) -> Bool {
        left.withBytes { left in right.withBytes { right in ConstantTime.equal(left, right) } }
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "‹redacted›" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
