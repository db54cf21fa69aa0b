import Configuration
import Policy
import Reactor
import RelayServer
import StandIn
import Synchronization
import Testing
import Timing

/// How one relay takes the place of another, and whom the service manager's sockets are for.
@Suite("34 Takeover", .timeLimit(.minutes(10))) struct Takeover {
    private func address(_ port: UInt16) -> ListenAddress { ListenAddress(.v4(0x7F00_0001), port: port) }

    private func listener() throws -> BoundSocket {
        try BoundSocket(Socket.listen(.loopback(port: 0)), isShared: true)
    }

    // MARK: Side by side

    @Test func nobodyWhoConnectsMeanwhileIsRefusedOrReset() throws {
        let former = try RelayHarbour()
        let next = try RelayHarbour { $0.listeners[1].address = address(former.plainPort) }
        let flow = try Flow(to: former.plainPort)
        try flow.waitForMore(200)
        former.relay.drain()
        former.relay.wait()
        try flow.waitForMore(200)
        #expect(flow.stop() == 0)
        #expect(next.relay.addresses[1].port == former.plainPort)
    }

    @Test func aPortThatIsSharedIsTold() throws {
        let former = try RelayHarbour()
        let next = try RelayHarbour { $0.listeners[1].address = address(former.plainPort) }
        let warning = try next.log.line("configuration-warning")
        #expect(warning["address"]?.string == "127.0.0.1:\(former.plainPort)")
        #expect(warning["detail"]?.string?.contains("another process listens at") == true)
        #expect(!former.log.text.contains { $0.contains("another process") })
        // Its own listeners are no others.
        let count = next.log.text.count { $0.contains("another process") }
        try next.reload { $0.listeners.swapAt(0, 1) }
        #expect(next.log.text.count { $0.contains("another process") } == count)
    }

    @Test func aPortThatCannotBeSharedIsAnError() throws {
        let taken = try Socket.listen(.loopback(port: 0))
        let port = try Socket.localAddress(taken.raw).port
        do {
            _ = try RelayHarbour { $0.listeners[1].address = address(port) }
            Issue.record("a port was shared with somebody who does not share it")
        } catch let error as RelayStartError {
            #expect(error.description.contains("Cannot listen on 127.0.0.1:\(port)"))
        }
    }

    @Test func aListenerThatIsGoneServesWhoeverHadCome() throws {
        let harbour = try RelayHarbour()
        let port = harbour.plainPort
        let clients = try (0..<100).map { _ in try WireClient(port: port) }
        try harbour.reload { $0.listeners.removeLast() }
        for client in clients { client.request(key: harbour.key(of: "acme")) }
        for client in clients { #expect(try client.readHead().hasPrefix("HTTP/1.1 101 ")) }
        while !WireClient.isRefused(port: port) {}
    }

    // MARK: Sockets of a service manager

    @Test func aPassedSocketIsTheListenersOfItsAddress() throws {
        let passed = [try listener(), try listener()]
        let harbour = try RelayHarbour {
            $0.listeners[0].address = address(passed[0].address.port)
            $0.passed = passed
            try $0.openAdmin()
            $0.admin?.address = address(passed[1].address.port)
        }
        #expect(harbour.relay.addresses[0] == passed[0].address)
        #expect(harbour.relay.adminAddress == passed[1].address)
        #expect(!harbour.log.text.contains { $0.contains("another process") })
        // Every loop accepts on it.
        for _ in 0..<20 { try harbour.client("umbrella").begun() }
        #expect(try harbour.admin("/healthz").status == 200)
    }

    @Test func severalSocketsOfOneAddressAreAllAcceptedOn() throws {
        let first = try Socket.listen(.loopback(port: 0), reusePort: true)
        let port = try Socket.localAddress(first.raw).port
        let passed =
            try [BoundSocket(first, isShared: true)]
            + (0..<4).map { _ in
                try BoundSocket(Socket.listen(.loopback(port: port), reusePort: true), isShared: true)
            }
        let harbour = try RelayHarbour {
            $0.listeners[1].address = address(port)
            $0.passed = passed
        }
        for _ in 0..<50 {
            let client = try harbour.wire()
            client.request(key: "wrong")
            #expect(try client.readAnswer().status == 401)
        }
    }

    @Test func whoeverComesBetweenTwoRelaysWaits() throws {
        let passed = try listener()
        func relay() throws -> RelayHarbour {
            try RelayHarbour {
                $0.listeners[1].address = address(passed.address.port)
                $0.passed = [passed]
            }
        }
        let former = try relay()
        former.relay.drain()
        former.relay.wait()
        let client = try former.wire()
        let next = try relay()
        client.request(key: next.key(of: "acme"))
        #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
    }

    @Test func aPassedSocketThatIsNobodysIsAnError() throws {
        let stray = try listener()
        do {
            _ = try RelayHarbour { $0.passed = [stray] }
            Issue.record("a stray socket was taken")
        } catch let error as RelayStartError {
            #expect(error.description.hasPrefix("The service manager passes a socket at \(stray.address), where no"))
        }
    }

    @Test func loopsThatTurnSaySo() throws {
        let harbour = try RelayHarbour()
        #expect(harbour.relay.isTurning(within: RelayHarbour.patience))
        harbour.relay.drain()
        harbour.relay.wait()
        #expect(harbour.relay.isTurning(within: .zero))
    }
}

/// Strangers who connect, ask, hear an answer and go, one after another without a pause.
private final class Flow: Sendable {
    private struct Counts {
        var served = 0
        var failed = 0
    }

    private let counts = Monitor(Counts())
    private let isOver = Atomic(false)
    private let threads = Lock<[LoopThread]>([])

    init(to port: UInt16) throws {
        for _ in 0..<4 {
            let thread = try LoopThread.start(name: "flow") { [self] in
                while !isOver.load(ordering: .relaxed) { visit(port) }
            }
            threads.withLock { $0.append(thread) }
        }
    }

    private func visit(_ port: UInt16) {
        do {
            let client = try WireClient(port: port)
            client.request(key: "wrong")
            _ = try client.readAnswer()
            counts.update { $0.served += 1 }
        } catch {
            counts.update { $0.failed += 1 }
        }
    }

    /// How many have heard an answer.
    var served: Int { counts.snapshot.served }

    /// Waits until so many more have.
    func waitForMore(_ count: Int) throws {
        let wanted = served + count
        try #require(counts.wait(upTo: RelayHarbour.patience) { $0.served >= wanted ? true : nil } == true)
    }

    /// Ends it, and says how many heard none.
    func stop() -> Int {
        isOver.store(true, ordering: .relaxed)
        for thread in threads.withLock({ $0 }) { thread.join() }
        return counts.snapshot.failed
    }
}
