import Reactor
import Testing

@testable import StandIn

@Suite struct ListeningSocketTests {
    @Test func itsPortIsItsOwnWhileItIsDown() throws {
        let loop = try EventLoop()
        let listener = try ListeningSocket(at: .loopback(port: 0), on: loop) { _, _ in }
        let port = listener.port
        #expect(port > 0)
        #expect(throws: SystemError.self) { try ListeningSocket(at: .loopback(port: port), on: loop) { _, _ in } }
        listener.takeDown()
        listener.takeDown()
        #expect(listener.port == port)
        let other = try ListeningSocket(at: .loopback(port: port), on: loop) { _, _ in }
        listener.bringUp()  // The port is taken: it stays down.
        other.takeDown()
        listener.bringUp()
        #expect(throws: SystemError.self) { try ListeningSocket(at: .loopback(port: port), on: loop) { _, _ in } }
        listener.takeDown()
    }
}
