import Testing

@testable import Reactor

@Suite struct BoundSocketTests {
    @Test func itKnowsWhereItIsBound() throws {
        let any = try #require(SocketAddress(literal: "127.0.0.1", port: 0))
        let socket = try BoundSocket(Socket.listen(any))
        #expect(socket.address.port != 0 && socket.address.host == "127.0.0.1")
        #expect(!socket.isShared)
    }
}
