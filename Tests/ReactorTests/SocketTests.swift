import Glibc
import Testing

@testable import Reactor

@Suite struct SocketTests {
    @Test(arguments: ["127.0.0.1", "::1"])
    func aConnectionIsMadeAndCarriesBytesBothWays(host: String) throws {
        let connection = try Connection(host: host)
        #expect(connection.peer == (try Socket.localAddress(connection.client.raw)))
        #expect(try Socket.peerAddress(connection.client.raw) == (try Socket.localAddress(connection.server.raw)))

        #expect(receive(from: connection.server.raw).result == .wouldBlock)
        #expect(send("to the server", to: connection.client.raw) == .bytes(13))
        waitUntilReady(connection.server.raw, POLLIN)
        #expect(receive(from: connection.server.raw).text == "to the server")
        #expect(send("to the client", to: connection.server.raw) == .bytes(13))
        waitUntilReady(connection.client.raw, POLLIN)
        #expect(receive(from: connection.client.raw).text == "to the client")
    }

    @Test func aHalfClosedConnectionStillCarriesTheOtherDirection() throws {
        let connection = try Connection()
        try Socket.shutdownWrite(connection.client.raw)
        waitUntilReady(connection.server.raw, POLLIN)
        #expect(receive(from: connection.server.raw).result == .end)
        #expect(send("late", to: connection.server.raw) == .bytes(4))
        waitUntilReady(connection.client.raw, POLLIN)
        #expect(receive(from: connection.client.raw).text == "late")
    }

    @Test func aPeerThatStopsReadingIsToldAsWouldBlock() throws {
        let connection = try Connection()
        let chunk = [UInt8](repeating: 7, count: 1 << 20)
        var result = WriteResult.bytes(0)
        while case .bytes = result { result = chunk.withUnsafeBytes { Socket.send(connection.client.raw, $0) } }
        #expect(result == .wouldBlock)
    }

    @Test func whatIsPeekedAtIsStillThere() throws {
        let connection = try Connection()
        #expect(send("twice", to: connection.client.raw) == .bytes(5))
        waitUntilReady(connection.server.raw, POLLIN)
        var bytes = [UInt8](repeating: 0, count: 3)
        #expect(bytes.withUnsafeMutableBytes { Socket.peek(connection.server.raw, into: $0) } == .bytes(3))
        #expect(bytes == Array("twi".utf8))
        #expect(receive(from: connection.server.raw).text == "twice")
        #expect(bytes.withUnsafeMutableBytes { Socket.peek(connection.server.raw, into: $0) } == .wouldBlock)
    }

    @Test func anEmptyBufferIsNotTheEndOfTheStream() throws {
        let pair = try SocketPair()
        #expect(Socket.receive(pair.ours.raw, into: UnsafeMutableRawBufferPointer(start: nil, count: 0)) == .bytes(0))
        #expect(Socket.send(pair.ours.raw, UnsafeRawBufferPointer(start: nil, count: 0)) == .bytes(0))
    }

    @Test func aResetReachesThePeerAsAnError() throws {
        let connection = try Connection()
        try Socket.setLingerReset(connection.client.raw)
        close(consuming: connection.client)
        waitUntilReady(connection.server.raw, POLLIN)
        #expect(receive(from: connection.server.raw).result == .failed(SystemError(code: ECONNRESET, call: "recv")))
        #expect(send("x", to: connection.server.raw) == .failed(SystemError(code: EPIPE, call: "send")))
    }

    @Test func aRefusedAttemptIsToldWhenItIsOver() throws {
        let port = try unusedPort()
        let descriptor = try Socket.connect(try loopback(port: port))
        waitUntilReady(descriptor.raw, POLLOUT)
        #expect(Socket.connectError(descriptor.raw) == SystemError(code: ECONNREFUSED, call: "connect"))
        #expect(Socket.connectError(descriptor.raw) == nil)
    }

    @Test func aNetworkThatCannotBeReachedIsToldAtOnce() throws {
        // RFC 6890: 255.255.255.255 is no destination of a connection.
        let broadcast = try #require(SocketAddress(literal: "255.255.255.255", port: 9))
        do throws(SystemError) {
            _ = try Socket.connect(broadcast)
            Issue.record("connected to the broadcast address")
        } catch {
            #expect(error.call.description == "connect")
        }
    }

    @Test func aListenerWithoutVisitorsWouldBlock() throws {
        let listener = try Socket.listen(try loopback(port: 0))
        guard case .wouldBlock = Socket.accept(listener.raw) else {
            Issue.record("somebody came")
            return
        }
    }

    @Test func onlyListenersThatAgreeShareAPort() throws {
        let first = try Socket.listen(try loopback(port: 0), reusePort: true)
        let address = try Socket.localAddress(first.raw)
        let second = try Socket.listen(address, reusePort: true)
        #expect(try Socket.localAddress(second.raw) == address)
        do throws(SystemError) {
            _ = try Socket.listen(address, reusePort: false)
            Issue.record("a third listener took the port")
        } catch {
            #expect(error == SystemError(code: EADDRINUSE, call: "bind"))
        }
    }

    @Test(arguments: ["127.0.0.1", "::1"])
    func whereSomebodyListensIsKnown(host: String) throws {
        let any = try #require(SocketAddress(literal: host, port: 0))
        let address: SocketAddress
        do {
            let listener = try Socket.listen(any, reusePort: true)
            address = try Socket.localAddress(listener.raw)
            #expect(try Socket.isTaken(address))
            // Asking takes nothing.
            #expect(try Socket.isTaken(address))
            let beside = try Socket.listen(address, reusePort: true)
            #expect(try Socket.localAddress(beside.raw) == address)
        }
        #expect(try !Socket.isTaken(address))
        let elsewhere = try #require(SocketAddress(literal: "192.0.2.1", port: 9))
        #expect(throws: SystemError(code: EADDRNOTAVAIL, call: "bind")) { try Socket.isTaken(elsewhere) }
    }

    /// Two listeners share a port; one ignores newcomers and closes. Whoever was connected is there to be accepted, and whoever
    /// comes meanwhile gets to the other.
    @Test(arguments: ["127.0.0.1", "::1"])
    func nobodyIsResetByAListenerThatIgnoresNewcomersBeforeItCloses(host: String) throws {
        let any = try #require(SocketAddress(literal: host, port: 0))
        let staying = try Socket.listen(any, reusePort: true)
        let address = try Socket.localAddress(staying.raw)
        let before = DescriptorBox()
        let after = DescriptorBox()
        do {
            let leaving = try Socket.listen(address, reusePort: true)
            for _ in 0..<40 { before.take(try Socket.connect(address)) }
            for raw in before.all { waitUntilReady(raw, POLLOUT) }
            try Socket.ignoreNewcomers(leaving.raw)
            for _ in 0..<40 { after.take(try Socket.connect(address)) }
            while case .connection(let descriptor, _) = Socket.accept(leaving.raw) { before.keep(descriptor) }
        }
        for raw in before.all + after.all {
            #expect(waitUntilReady(raw, POLLOUT))
            #expect(Socket.connectError(raw) == nil)
        }
        while case .connection(let descriptor, _) = Socket.accept(staying.raw) { after.keep(descriptor) }
        #expect(before.kept > 0 && before.kept + after.kept == 80)
    }

    @Test func anIPv6ListenerLeavesIPv4Alone() throws {
        let any = try #require(SocketAddress(literal: "::", port: 0))
        let listener = try Socket.listen(any)
        #expect(option(listener.raw, Int32(IPPROTO_IPV6), IPV6_V6ONLY) == 1)
    }

    @Test func theOptionsReachTheKernel() throws {
        let connection = try Connection()
        let raw = connection.client.raw
        let tcp = Int32(IPPROTO_TCP)
        try Socket.setNoDelay(raw)
        try Socket.setKeepAlive(raw, idle: .seconds(20), interval: .milliseconds(10), count: 4)
        try Socket.setUserTimeout(raw, .seconds(30))
        try Socket.setUnsentLowWater(raw, 16_384)
        #expect(option(raw, tcp, TCP_NODELAY) == 1)
        #expect(option(raw, SOL_SOCKET, SO_KEEPALIVE) == 1)
        #expect(option(raw, tcp, TCP_KEEPIDLE) == 20)
        #expect(option(raw, tcp, TCP_KEEPINTVL) == 1)
        #expect(option(raw, tcp, TCP_KEEPCNT) == 4)
        #expect(option(raw, tcp, TCP_USER_TIMEOUT) == 30_000)
        #expect(option(raw, tcp, TCP_NOTSENT_LOWAT) == 16_384)
    }

    @Test func durationsOutsideWhatTheKernelTakesAreCut() throws {
        let connection = try Connection()
        let raw = connection.client.raw
        try Socket.setKeepAlive(raw, idle: .seconds(Int64.max), interval: .seconds(-1), count: 1)
        try Socket.setUserTimeout(raw, .seconds(Int64.max))
        #expect(option(raw, Int32(IPPROTO_TCP), TCP_KEEPIDLE) == 32_767)
        #expect(option(raw, Int32(IPPROTO_TCP), TCP_KEEPINTVL) == 1)
        #expect(option(raw, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT) == .max)
    }

    @Test func everyAcceptedAndConnectedSocketIsClosedOnExecAndNeverBlocks() throws {
        let connection = try Connection()
        for raw in [connection.client.raw, connection.server.raw, connection.listener.raw] {
            #expect(fcntl(raw, F_GETFD) & FD_CLOEXEC != 0)
            #expect(fcntl(raw, F_GETFL) & O_NONBLOCK != 0)
        }
    }

    // MARK: Accepting under pressure

    @Test(arguments: [
        (EAGAIN, "wouldBlock"), (EMFILE, "exhausted"), (ENFILE, "exhausted"), (ENOBUFS, "exhausted"),
        (ENOMEM, "exhausted"), (ECONNABORTED, "transient"), (EPROTO, "transient"), (ENETDOWN, "transient"),
        (EHOSTUNREACH, "transient"), (EPERM, "transient"), (EBADF, "exhausted"), (EINVAL, "exhausted"),
    ])
    func eachErrorOfAcceptIsOneOfThreeKinds(code: Int32, kind: String) {
        #expect(AcceptResult(SystemError(code: code, call: "accept")).kind == kind)
    }

    @Test func aProcessWithoutDescriptorsIsExhaustedAndRecovers() async {
        await #expect(processExitsWith: .success) {
            let listener = try Socket.listen(try loopback(port: 0))
            let client = try Socket.connect(try Socket.localAddress(listener.raw))
            waitUntilReady(listener.raw, POLLIN)

            var limit = rlimit()
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            getrlimit(resource, &limit)
            var none = rlimit(rlim_cur: 0, rlim_max: limit.rlim_max)
            setrlimit(resource, &none)
            precondition(Socket.accept(listener.raw).kind == "exhausted")
            setrlimit(resource, &limit)
            precondition(Socket.accept(listener.raw).kind == "connection")
            _ = client.raw
        }
    }
}

/// A connection over loopback, and the listener it came through.
private struct Connection: ~Copyable {
    let listener: Descriptor
    let client: Descriptor
    let server: Descriptor
    let peer: SocketAddress

    init(host: String = "127.0.0.1") throws {
        let address = try #require(SocketAddress(literal: host, port: 0))
        let listener = try Socket.listen(address)
        let client = try Socket.connect(try Socket.localAddress(listener.raw))
        waitUntilReady(listener.raw, POLLIN)
        guard case .connection(let server, let peer) = Socket.accept(listener.raw) else {
            throw SystemError(code: EAGAIN, call: "accept")
        }
        waitUntilReady(client.raw, POLLOUT)
        #expect(Socket.connectError(client.raw) == nil)
        self.listener = listener
        self.client = client
        self.server = server
        self.peer = peer
    }
}

extension AcceptResult {
    fileprivate var kind: String {
        switch self {
        case .connection: "connection"
        case .wouldBlock: "wouldBlock"
        case .exhausted: "exhausted"
        case .transient: "transient"
        }
    }
}

/// Descriptors, closed together.
private final class DescriptorBox {
    private(set) var all: [Int32] = []
    private var others: [Int32] = []

    func take(_ descriptor: consuming Descriptor) { all.append(descriptor.release()) }
    func keep(_ descriptor: consuming Descriptor) { others.append(descriptor.release()) }
    var kept: Int { others.count }

    deinit { for raw in all + others { close(raw) } }
}

private func loopback(port: UInt16) throws -> SocketAddress {
    try #require(SocketAddress(literal: "127.0.0.1", port: port))
}

/// A port where nobody listens, until the kernel hands it out again.
private func unusedPort() throws -> UInt16 {
    let listener = try Socket.listen(try loopback(port: 0))
    return try Socket.localAddress(listener.raw).port
}

private func option(_ descriptor: Int32, _ level: Int32, _ name: Int32) -> Int32 {
    var value: Int32 = -1
    var length = socklen_t(MemoryLayout<Int32>.size)
    return getsockopt(descriptor, level, name, &value, &length) == 0 ? value : -1
}

private func close(consuming descriptor: consuming Descriptor) {}
