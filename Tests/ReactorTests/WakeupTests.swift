import Glibc
import Testing

@testable import Reactor

@Suite struct WakeupTests {
    @Test func itIsReadableFromTheFirstSignalUntilItIsCleared() throws {
        let wakeup = try Wakeup()
        #expect(!isReadable(wakeup.descriptor.raw))
        wakeup.signal()
        wakeup.signal()
        #expect(isReadable(wakeup.descriptor.raw))
        wakeup.clear()
        #expect(!isReadable(wakeup.descriptor.raw))
        wakeup.clear()
    }

    private func isReadable(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) == 1
    }
}
