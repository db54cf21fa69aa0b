import Glibc

/// Standard input, output and error.
package enum StandardDescriptors {
    /// Sees to it that each of the three is something. Whoever starts a program with one of them closed would have the next
    /// socket or file take its number, and lines for people be written there. Called before anything else is opened.
    ///
    /// - Throws: when there is not even nothing to be had.
    package static func fill() throws(SystemError) {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
            // The lowest free number, which is this one.
            guard open("/dev/null", O_RDWR) >= 0 else { throw .last("open") }
        }
    }
}
