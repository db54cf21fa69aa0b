import Glibc

/// A system call that failed: which one, and the `errno` it left.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The value of `errno`.
    package let code: Int32
    /// The name of the call, as in its manual page. Static, so that an error is plain bits, and a result that could
    /// have been one costs the data path nothing.
    package let call: StaticString

    package init(code: Int32, call: StaticString) {
        self.code = code
        self.call = call
    }

    /// The error that the last call of this thread left in `errno`. Ask before anything else can overwrite it.
    package static func last(_ call: StaticString) -> SystemError {
        SystemError(code: errno, call: call)
    }

    /// Whether nothing is wrong but the time: the call would have had to wait.
    package var isWouldBlock: Bool { code == EAGAIN || code == EWOULDBLOCK }

    /// Whether it is this process or this machine that has no descriptor or memory to give, and nobody's fault elsewhere.
    package var isExhaustion: Bool { [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code) }

    /// Whether a signal came before the call had done anything.
    package var isInterrupted: Bool { code == EINTR }

    /// The call and the system's sentence, such as `connect: Connection refused`.
    package var description: String {
        let sentence = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let text = buffer.baseAddress, strerror_r(code, text, buffer.count) == 0 else {
                return "error \(code)"
            }
            return String(cString: text)
        }
        return "\(call): \(sentence)"
    }

    package static func == (left: SystemError, right: SystemError) -> Bool {
        left.code == right.code && left.call.description == right.call.description
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(code)
    }
}
