import Bytes
import Crypto
import Glibc
import RelayTestKit
import TLS
import Testing
import Timing

@testable import Reactor
@testable import Transport

@Suite struct TransportTests {
    // MARK: Opening

    @Test func anAcceptedTransportWithoutTLSIsOpenAtOnceAndDoesNotSaySo() throws {
        let rig = try Rig()
        let owner = Owner()
        let (transport, peer) = try rig.accepted(.plain, for: owner)
        transport.write(text("hello"))
        #expect(rig.turn { peer.received == text("hello") })
        #expect(owner.opened == 0)
    }

    @Test func withTLSATransportOpensOnceAndBeforeAnyByteComes() throws {
        let rig = try Rig()
        let owner = Owner()
        var openedFirst = false
        owner.whenReceived = { [unowned owner] _ in openedFirst = owner.opened == 1 }
        let (_, peer) = try rig.open(.tls, for: owner)
        peer.send(text("hello"))
        #expect(rig.turn { owner.received == text("hello") })
        #expect(openedFirst && owner.opened == 1)
    }

    @Test(arguments: Security.allCases) func aDialledTransportOpensWhenItIsConnected(_ security: Security) throws {
        let rig = try Rig()
        let owner = Owner()
        owner.whenOpened = { $0.write(text("hello")) }
        let (_, peer) = try rig.dialled(security, for: owner)
        #expect(rig.turn { peer.received == text("hello") })
        #expect(owner.opened == 1)
    }

    @Test func whatIsWrittenBeforeTheOpeningIsIgnored() throws {
        let rig = try Rig()
        let owner = Owner()
        let (transport, peer) = try rig.accepted(.tls, for: owner)
        transport.write(text("too early"))
        owner.whenOpened = { $0.write(text("in time")) }
        #expect(rig.turn { !peer.received.isEmpty })
        #expect(peer.received == text("in time") && transport.queuedBytes == 0)
    }

    @Test func aDialThatNobodyAnswersFails() throws {
        let rig = try Rig()
        let owner = Owner()
        let closed = try addressOfNobody()
        let transport = Transport(
            try Socket.connect(closed), peer: closed, tls: nil, isConnecting: true, buffers: rig.buffers)
        _ = try rig.start(transport, for: owner)
        #expect(rig.turn { owner.end != nil })
        #expect(owner.end?.kind == "failed: \(ECONNREFUSED)")
    }

    @Test func aServerThatCannotBeVerifiedIsToldWithAnAlert() throws {
        let rig = try Rig()
        let owner = Owner()
        let (_, peer) = try rig.dialled(.tls, trusting: .wrong, for: owner)
        #expect(rig.turn { owner.end != nil && peer.tlsError != nil })
        #expect(owner.end?.kind == "verification" && owner.opened == 0)
        #expect(peer.tlsError?.kind == .alert(unknownCA))
    }

    @Test func aClientThatSpeaksNoTLSIsToldWithAnAlertAndEnds() throws {
        let rig = try Rig()
        let owner = Owner()
        let (_, peer) = try rig.accepted(.tls, for: owner)
        peer.sendRaw(text("GET / HTTP/1.1\r\n\r\n"))
        #expect(rig.turn { owner.end != nil && (peer.isEnded || peer.systemError != nil) })
        #expect(owner.end?.kind == "violation" && !peer.reads.isEmpty)
    }

    // MARK: Bytes

    @Test(arguments: Security.allCases) func bytesPassBothWaysInOrder(_ security: Security) throws {
        let rig = try Rig()
        let owner = Owner()
        let (transport, peer) = try rig.open(security, for: owner)
        let up = bytes(300_000, seed: 1)
        let down = bytes(300_000, seed: 2)
        peer.send(up)
        transport.write(down)
        #expect(rig.turn { owner.received.count >= up.count && peer.received.count >= down.count })
        #expect(owner.received == up && peer.received == down)
    }

    @Test(arguments: [UInt64](1...4)) func piecesOfAnySizeGiveTheSameBytes(seed: UInt64) throws {
        let rig = try Rig()
        let owner = Owner()
        let (_, peer) = try rig.open(.tls, for: owner)
        var generator = SeededGenerator(seed: seed)
        let sent = bytes(60_000, seed: seed)
        var rest = sent[...]
        while !rest.isEmpty {
            let record = rest.prefix(Int.random(in: 1...9_000, using: &generator))
            peer.send(Array(record))
            rest = rest.dropFirst(record.count)
        }
        let isComplete = rig.turn {
            peer.largestWrite = Int.random(in: 1...2_000, using: &generator)
            return owner.received.count >= sent.count
        }
        #expect(isComplete && owner.received == sent)
    }

    @Test(arguments: Security.allCases) func manyWritesOfOneEventLeaveWithOneSend(_ security: Security) throws {
        let rig = try Rig()
        let owner = Owner()
        let (_, peer) = try rig.open(security, for: owner)
        owner.whenReceived = { transport in for number in 0..<20 { transport.write([UInt8(number)]) } }
        rig.once()  // in which the peer reads its tickets
        let readsBefore = peer.reads.count
        peer.send(text("go"))
        #expect(rig.turn { peer.received.count == 20 })
        #expect(peer.reads.count == readsBefore + 1 && peer.received == Array(0..<20))
    }

    @Test func flushSendsBeforeTheEventIsOver() throws {
        let rig = try Rig()
        let (transport, peer) = try rig.open(for: Owner())
        transport.write(text("now"))
        peer.move()
        #expect(peer.received.isEmpty)
        transport.flush()
        peer.move()
        #expect(peer.received == text("now"))
    }

    @Test(arguments: Security.allCases) func whatTheSocketDoesNotTakeWaitsAndLeavesInOrder(_ security: Security) throws
    {
        let rig = try Rig()
        let owner = Owner()
        let (transport, peer) = try rig.open(security, for: owner)
        peer.isReading = false
        let first = bytes(8 << 20, seed: 3)
        let second = bytes(1_000, seed: 4)
        transport.write(first)
        rig.once()
        transport.write(second)
        rig.once()
        let waiting = transport.queuedBytes
        #expect(waiting > 1_000 && owner.wrote == 0)

        peer.isReading = true
        #expect(rig.turn { peer.received.count == first.count + second.count })
        #expect(peer.received == first + second)
        #expect(transport.queuedBytes == 0 && owner.wrote > 0)
        transport.write(text("and on"))
        #expect(rig.turn { peer.received.count == first.count + second.count + 6 })
    }

    @Test(arguments: Security.allCases) func aSecretLeavesBehindWhatWasWrittenBefore(_ security: Security) throws {
        let rig = try Rig()
        let (transport, peer) = try rig.open(security, for: Owner())
        let secret = Secret([UInt8](repeating: 7, count: 50_000))
        peer.isReading = false
        var written: [UInt8] = []
        for _ in 0..<200 {
            transport.write([1, 2, 3])
            secret.withBytes { transport.writeSecret($0.bytes) }
            written += [1, 2, 3] + [UInt8](repeating: 7, count: secret.count)
        }
        #expect(transport.queuedBytes > 0)
        peer.isReading = true
        #expect(rig.turn { peer.received.count == written.count })
        #expect(peer.received == written)
    }

    @Test func aSecretIsNotCopiedIntoTheLoopsBuffer() throws {
        let rig = try Rig()
        let (transport, peer) = try rig.open(for: Owner())
        transport.write([0])
        transport.flush()
        Secret([9, 9, 9]).withBytes { transport.writeSecret($0.bytes) }
        let left = rig.buffers.output.withUnsafeBytes { UnsafeRawBufferPointer(start: $0.baseAddress, count: 3).first }
        #expect(left != 9)
        #expect(rig.turn { peer.received == [0, 9, 9, 9] })
    }

    @Test(arguments: Security.allCases) func whatWasReceivedCanBeWiped(_ security: Security) throws {
        let rig = try Rig()
        let owner = Owner()
        let (transport, peer) = try rig.open(security, for: owner)
        let lent = UnsafeRawBufferPointer(security == .tls ? rig.buffers.plaintext : rig.buffers.input).prefix(12)
        var before: [UInt8] = []
        var after: [UInt8] = []
        owner.whenReceived = { transport in
            before = Array(lent)
            transport.wipe(UnsafeRawBufferPointer(rebasing: lent).bytes)
            after = Array(lent)
        }
        peer.send(text("a credential"))
        #expect(rig.turn { !owner.received.isEmpty })
        #expect(before == text("a credential") && after == [UInt8](repeating: 0, count: 12))
        // Bytes that are not the loop's are nobody's to wipe.
        let other = text("other")
        transport.wipe(other.span.bytes)
        #expect(other == text("other"))
    }

    @Test(arguments: Security.allCases) func aPausedTransportLeavesBytesToTheSystem(_ security: Security) throws {
        let rig = try Rig()
        let owner = Owner()
        let (transport, peer) = try rig.open(security, for: owner)
        transport.pauseReading()
        peer.send(text("wait"))
        for _ in 0..<20 { rig.once() }
        #expect(owner.received.isEmpty)
        transport.resumeReading()
        #expect(rig.turn { owner.received == text("wait") })
    }

    @Test func aPausedTransportNoticesThatItsConnectionIsLost() throws {
        let rig = try Rig()
        let owner = Owner()
        let (transport, peer) = try rig.open(for: owner)
        transport.pauseReading()
        peer.reset()
        #expect(rig.turn { owner.end != nil })
        #expect(owner.end?.kind == "failed: \(ECONNRESET)")
    }

    @Test func whoeverTakesATransportOverHearsOfAllThatFollows() throws {
        let rig = try Rig()
        let (first, second) = (Owner(), Owner())
        first.whenReceived = { $0.hand(to: second) }
        let (_, peer) = try rig.open(for: first)
        peer.send(text("one"))
        #expect(rig.turn { !first.received.isEmpty })
        peer.send(text("two"))
        peer.finish()
        #expect(rig.turn { second.end != nil })
        #expect(first.received == text("one") && first.end == nil && second.received == text("two"))
    }

    // MARK: The peer ends

    @Test(arguments: Security.allCases) func aProperEndIsReportedAfterTheLastBytes(_ security: Security) throws {
        let rig = try Rig()
        let owner = Owner()
        let (_, peer) = try rig.open(security, for: owner)
        peer.send(text("bye"))
        peer.finish()
        #expect(rig.turn { owner.end != nil })
        #expect(owner.end?.kind == "closed" && owner.received == text("bye"))
    }

    /// RFC 8446 §6.1: without close_notify nobody knows whether something is missing.
    @Test func aFINWithoutCloseNotifyIsATruncation() throws {
        let rig = try Rig()
        let owner = Owner()
        let (_, peer) = try rig.open(.tls, for: owner)
        peer.cut()
        #expect(rig.turn { owner.end != nil })
        #expect(owner.end?.kind == "truncated")
    }

    @Test(arguments: Security.allCases) func aResetIsAFailure(_ security: Security) throws {
        let rig = try Rig()
        let owner = Owner()
        let (_, peer) = try rig.open(security, for: owner)
        peer.reset()
        #expect(rig.turn { owner.end != nil })
        #expect(owner.end?.kind == "failed: \(ECONNRESET)")
    }

    // MARK: This side ends

    @Test(arguments: Security.allCases) func finishSendsEverythingAndThenEndsProperly(_ security: Security) throws {
        let rig = try Rig()
        weak var left: Transport?
        let (peer, sent) = try {
            let (transport, peer) = try rig.open(security, for: Owner())
            let sent = bytes(4 << 20, seed: 5)
            peer.isReading = false
            transport.write(sent)
            transport.finish()
            transport.write(text("too late"))
            left = transport
            return (peer, sent)
        }()
        rig.once()
        peer.isReading = true
        #expect(rig.turn { peer.isEnded })
        #expect(peer.received == sent && peer.systemError == nil)
        #expect(peer.saidCloseNotify == (security == .tls))

        // Until the peer has ended its side too, closing could reset what it has yet to read.
        for _ in 0..<20 { rig.once() }
        #expect(left != nil)
        peer.finish()
        #expect(rig.turn { left == nil })
    }

    @Test(arguments: Security.allCases) func whoeverLeavesSaysItsLastWordAndWaitsForNobody(_ security: Security) throws
    {
        let rig = try Rig()
        weak var left: Transport?
        let peer = try {
            let (transport, peer) = try rig.open(security, for: Owner())
            transport.write(text("farewell"))
            transport.leave()
            transport.write(text("too late"))
            left = transport
            return peer
        }()
        rig.once()
        #expect(left == nil)
        #expect(rig.turn { peer.isEnded })
        #expect(peer.received == text("farewell") && peer.systemError == nil)
        #expect(peer.saidCloseNotify == (security == .tls))
    }

    @Test func aPeerThatNeverEndsItsSideIsResetWhenTheTimeIsOver() throws {
        let rig = try Rig()
        weak var left: Transport?
        let peer = try {
            let (transport, peer) = try rig.open(for: Owner())
            transport.finish()
            left = transport
            return peer
        }()
        #expect(rig.turn { peer.isEnded })
        let finished = MonotonicClock.now()
        while left != nil { rig.loop.turn() }
        #expect(MonotonicClock.now().duration(since: finished) <= Transport.linger + .seconds(5))
        peer.send(text("still here"))
        peer.move()
        #expect(peer.systemError != nil)
    }

    @Test(arguments: Security.allCases)
    func whatWaitsStillLeavesWhenThePeerEndsItsSideFirst(_ security: Security) throws {
        let rig = try Rig()
        let (transport, peer) = try rig.open(security, for: Owner())
        let sent = bytes(8 << 20, seed: 6)
        peer.isReading = false
        transport.write(sent)
        rig.once()
        #expect(transport.queuedBytes > 0)
        transport.finish()
        peer.finish()
        for _ in 0..<20 { rig.once() }
        peer.isReading = true
        #expect(rig.turn { peer.isEnded || peer.systemError != nil })
        #expect(peer.received.count == sent.count && peer.systemError == nil)
    }

    @Test(arguments: Security.allCases) func abortResets(_ security: Security) throws {
        let rig = try Rig()
        let owner = Owner()
        let (transport, peer) = try rig.open(security, for: owner)
        transport.abort()
        #expect(rig.turn { peer.systemError?.code == ECONNRESET })
        #expect(owner.end == nil && !peer.isEnded)
    }

    @Test func finishBeforeTheOpeningAborts() throws {
        let rig = try Rig()
        let owner = Owner()
        let (transport, peer) = try rig.accepted(.tls, for: owner)
        transport.finish()
        #expect(rig.turn { peer.systemError?.code == ECONNRESET })
        #expect(owner.opened == 0 && owner.end == nil)
    }

    // MARK: Ends within calls

    @Test(arguments: Security.allCases, Ending.allCases)
    func anOwnerMayEndItsTransportWhileItIsTold(_ security: Security, _ ending: Ending) throws {
        let rig = try Rig()
        let owner = Owner()
        owner.whenReceived = { ending.apply(to: $0) }
        let (_, peer) = try rig.open(security, for: owner)
        peer.send(text("first"))
        #expect(rig.turn { !owner.received.isEmpty })
        peer.send(text("second"))
        peer.finish()
        #expect(rig.turn { peer.isEnded || peer.systemError != nil })
        #expect(owner.received == text("first") && owner.end == nil)
    }

    @Test(arguments: Ending.allCases) func anOwnerMayEndItsTransportAsItOpens(_ ending: Ending) throws {
        let rig = try Rig()
        let owner = Owner()
        owner.whenOpened = { ending.apply(to: $0) }
        let (_, peer) = try rig.dialled(.tls, for: owner)
        #expect(rig.turn { peer.isEnded || peer.systemError != nil })
        #expect(owner.opened == 1 && owner.end == nil)
    }

    @Test(arguments: Ending.allCases) func anOwnerMayEndItsTransportWhenSomethingWasWritten(_ ending: Ending) throws {
        let rig = try Rig()
        let owner = Owner()
        owner.whenWrote = { ending.apply(to: $0) }
        let (transport, peer) = try rig.open(for: owner)
        peer.isReading = false
        transport.write(bytes(8 << 20, seed: 7))
        rig.once()
        peer.isReading = true
        #expect(rig.turn { peer.isEnded || peer.systemError != nil })
        #expect(owner.wrote == 1)
    }

    @Test func aTransportEndedByAnothersEventIsToldNothingMore() throws {
        let rig = try Rig()
        let (first, second) = (Owner(), Owner())
        let (one, onePeer) = try rig.open(for: first)
        let (two, twoPeer) = try rig.open(for: second)
        first.whenReceived = { _ in two.abort() }
        second.whenReceived = { _ in one.abort() }
        onePeer.send(text("x"))
        twoPeer.send(text("x"))
        #expect(rig.turn { !first.received.isEmpty || !second.received.isEmpty })
        for _ in 0..<5 { rig.once() }
        #expect(first.received.isEmpty || second.received.isEmpty)
    }

    // MARK: What is left behind

    @Test(arguments: Security.allCases, Ending.allCases)
    func anEndedTransportLetsGoOfItsOwner(_ security: Security, _ ending: Ending) throws {
        let rig = try Rig()
        weak var left: Owner?
        try {
            let owner = Owner()
            let (transport, _) = try rig.open(security, for: owner)
            owner.whenWrote = { _ in _ = transport }  // a circle, as owners have it
            left = owner
            ending.apply(to: transport)
        }()
        rig.once()
        #expect(left == nil)
    }

    @Test func aTransportWhosePeerIsGoneLetsGoOfItsOwner() throws {
        let rig = try Rig()
        weak var left: Owner?
        let peer = try {
            let owner = Owner()
            let (transport, peer) = try rig.open(.tls, for: owner)
            owner.whenWrote = { _ in _ = transport }
            left = owner
            return peer
        }()
        peer.reset()
        #expect(rig.turn { left == nil })
    }

    @Test func noDescriptorIsLeftOpen() async {
        await #expect(processExitsWith: .success) {
            let rig = try Rig()
            let before = openSocketCount()
            for round in 0..<60 {
                let owner = Owner()
                let (transport, peer) = try rig.open(round % 2 == 0 ? .plain : .tls, for: owner)
                switch round % 5 {
                case 0: transport.abort()
                case 1: transport.finish()
                case 2: transport.leave()
                case 3: peer.reset()
                default: peer.finish()
                }
                rig.turn { peer.isEnded || peer.systemError != nil || owner.end != nil }
                peer.reset()
            }
            precondition(rig.turn { openSocketCount() == before })
        }
    }
}

/// How this side ends a transport.
enum Ending: CaseIterable {
    case finish, leave, abort

    func apply(to transport: Transport) {
        switch self {
        case .finish: transport.finish()
        case .leave: transport.leave()
        case .abort: transport.abort()
        }
    }
}

private func addressOfNobody() throws -> SocketAddress {
    let listener = try Socket.listen(try loopback(port: 0))
    return try Socket.localAddress(listener.raw)
}

private func text(_ string: String) -> [UInt8] {
    Array(string.utf8)
}

/// Bytes of which no two stretches of a record's size are alike by chance.
private func bytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    let block = (0..<40_009).map { _ in UInt8.random(in: 0...255, using: &generator) }
    var all: [UInt8] = []
    while all.count < count { all += block }
    return Array(all.prefix(count))
}

/// RFC 8446 §6
private let unknownCA: UInt8 = 48

extension TransportEnd {
    fileprivate var kind: String {
        switch self {
        case .closed: "closed"
        case .truncated: "truncated"
        case .failed(let error): "failed: \(error.code)"
        case .insecure(let error):
            if case .verification = error.kind { "verification" } else { "\(error.kind)" }
        }
    }
}

/// Open sockets of this process. Means something only where nothing else runs: in an exit test.
private func openSocketCount() -> Int {
    var status = stat()
    return (0..<4_096).count { fstat(Int32($0), &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK }
}
