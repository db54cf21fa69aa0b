import Bytes
import RelayTestKit
import Testing

@testable import Reactor
@testable import Transport

@Suite struct LoopBuffersTests {
    @Test(arguments: Security.allCases) func bytesToSeveralTransportsDoNotMix(_ security: Security) throws {
        let rig = try Rig()
        let (one, onePeer) = try rig.open(security, for: Owner())
        let (two, twoPeer) = try rig.open(security, for: Owner())
        for number in UInt8(0)..<50 {
            one.write([number])
            two.write([100 + number])
        }
        #expect(rig.turn { onePeer.received.count == 50 && twoPeer.received.count == 50 })
        #expect(onePeer.received == Array(0..<50) && twoPeer.received == Array(100..<150))
    }

    @Test func whatIsWrittenOutsideAnEventLeavesAtTheEndOfTheTurn() throws {
        let rig = try Rig()
        let (transport, peer) = try rig.open(for: Owner())
        transport.write(Array("later".utf8))
        rig.loop.turn()
        peer.move()
        #expect(peer.received == Array("later".utf8))
    }

    @Test func noMoreThanAReadIsCollectedAtOnce() throws {
        let rig = try Rig()
        let (transport, peer) = try rig.open(for: Owner())
        peer.isReading = false
        for _ in 0..<1_000 {
            transport.write([UInt8](repeating: 7, count: 10_000))
            #expect(collected(rig) < LoopBuffers.readSize)
        }
        #expect(transport.queuedBytes > 0)
    }

    @Test func bytesToATransportThatIsGoneAreDropped() throws {
        let rig = try Rig()
        let (transport, peer) = try rig.open(for: Owner())
        let (other, otherPeer) = try rig.open(for: Owner())
        transport.write(Array("lost".utf8))
        transport.abort()
        other.write(Array("kept".utf8))
        #expect(rig.turn { peer.systemError != nil && !otherPeer.received.isEmpty })
        #expect(peer.received.isEmpty && otherPeer.received == Array("kept".utf8))
    }

    @Test func aTransportThatNeverStartedTakesItsBytesWithIt() throws {
        let rig = try Rig()
        let (other, otherPeer) = try rig.open(for: Owner())
        let listener = try Socket.listen(try loopback(port: 0))
        do {
            let address = try Socket.localAddress(listener.raw)
            let transport = Transport(
                try Socket.connect(address), peer: address, tls: nil, isConnecting: false, buffers: rig.buffers)
            transport.write(Array("lost".utf8))
        }
        #expect(collected(rig) == 0)
        other.write(Array("kept".utf8))
        #expect(rig.turn { otherPeer.received == Array("kept".utf8) })
    }

    @Test func flushingNothingDoesNothing() throws {
        let rig = try Rig()
        rig.buffers.flush()
        rig.buffers.endOfTurn()
        #expect(collected(rig) == 0)
    }
}

/// Bytes that wait for the end of the event or turn.
private func collected(_ rig: Rig) -> Int {
    rig.buffers.output.count
}
