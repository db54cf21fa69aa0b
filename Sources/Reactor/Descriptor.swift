import Glibc

/// The only owner of a file descriptor: closes it once, when the owner's life ends.
package struct Descriptor: ~Copyable, Sendable {
    /// The number, for calls that borrow the descriptor. It must not outlive the owner.
    package let raw: Int32

    /// Takes over an open descriptor that nobody else will close.
    package init(owning raw: Int32) {
        self.raw = raw
    }

    /// Gives the number away; whoever takes it has to close it.
    package consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }

    deinit {
        // Never retried: Linux has freed the number even when close(2) says EINTR, and another thread may hold it by
        // then.
        _ = close(raw)
    }
}
