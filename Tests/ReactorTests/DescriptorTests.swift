import Glibc
import Testing

@testable import Reactor

@Suite struct DescriptorTests {
    @Test func theEndOfTheOwnerClosesTheDescriptor() throws {
        let pair = try SocketPair()
        close(consuming: pair.ours)
        #expect(receive(from: pair.theirs.raw).result == .end)
    }

    @Test func aReleasedDescriptorStaysOpen() throws {
        let pair = try SocketPair()
        let raw = pair.ours.release()
        #expect(receive(from: pair.theirs.raw).result == .wouldBlock)
        let again = Descriptor(owning: raw)
        #expect(send("still here", to: again.raw) == .bytes(10))
    }

    private func close(consuming descriptor: consuming Descriptor) {}
}
