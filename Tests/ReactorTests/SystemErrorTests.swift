import Glibc
import Testing

@testable import Reactor

@Suite struct SystemErrorTests {
    @Test func itSaysWhichCallFailedAndWhy() {
        #expect(SystemError(code: ECONNREFUSED, call: "connect").description == "connect: Connection refused")
    }

    @Test func waitingAndInterruptionAreToldFromFailure() {
        #expect(SystemError(code: EAGAIN, call: "recv").isWouldBlock)
        #expect(SystemError(code: EINTR, call: "recv").isInterrupted)
        #expect(!SystemError(code: ECONNRESET, call: "recv").isWouldBlock)
        #expect(!SystemError(code: ECONNRESET, call: "recv").isInterrupted)
    }

    @Test func wantOfDescriptorsAndMemoryIsNobodysFault() {
        for code in [EMFILE, ENFILE, ENOBUFS, ENOMEM] { #expect(SystemError(code: code, call: "socket").isExhaustion) }
        #expect(!SystemError(code: ECONNREFUSED, call: "connect").isExhaustion)
    }

    @Test func anUnknownCodeHasADescriptionToo() {
        #expect(SystemError(code: 99_999, call: "recv").description.hasPrefix("recv: "))
    }
}
