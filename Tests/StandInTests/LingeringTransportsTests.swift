import Reactor
import Testing
import Transport

@testable import StandIn

@Suite struct LingeringTransportsTests {
    @Test func aLoopLetsGoOfWhatWasAborted() throws {
        let loop = try EventLoop()
        let buffers = LoopBuffers(loop: loop)
        let listener = try ListeningSocket(at: .loopback(port: 0), on: loop) { _, _ in }
        defer { listener.takeDown() }
        var lingering = LingeringTransports()
        weak var kept: Transport?
        do {
            let transport = try Self.transport(to: listener, buffers)
            lingering.add(transport)
            kept = transport
        }
        #expect(kept != nil)
        lingering.abortAll()
        _ = loop.schedule(Stop(loop), at: loop.now)
        loop.run()
        #expect(kept == nil && lingering.count == 0)
    }

    @Test func thoseThatAreGoneAreForgotten() throws {
        let loop = try EventLoop()
        let buffers = LoopBuffers(loop: loop)
        let listener = try ListeningSocket(at: .loopback(port: 0), on: loop) { _, _ in }
        defer { listener.takeDown() }
        var lingering = LingeringTransports()
        for _ in 1...200 {
            let address = SocketAddress.loopback(port: listener.port)
            lingering.add(
                Transport(try Socket.connect(address), peer: address, tls: nil, isConnecting: true, buffers: buffers))
        }
        #expect(lingering.count < 100)
    }

    private static func transport(to listener: ListeningSocket, _ buffers: LoopBuffers) throws -> Transport {
        let address = SocketAddress.loopback(port: listener.port)
        let transport = Transport(
            try Socket.connect(address), peer: address, tls: nil, isConnecting: true, buffers: buffers)
        try transport.start(Deaf())
        return transport
    }
}

/// Ends a loop after one turn.
private final class Stop: TimerHandler {
    private let loop: EventLoop

    init(_ loop: EventLoop) { self.loop = loop }

    func fired(tag: Int) { loop.stop() }
}

private final class Deaf: TransportDelegate {
    func transportOpened(_ transport: Transport) {}
    func transport(_ transport: Transport, received bytes: RawSpan) {}
    func transportWrote(_ transport: Transport) {}
    func transport(_ transport: Transport, ended end: TransportEnd) {}
}
