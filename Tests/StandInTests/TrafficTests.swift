import Crypto
import StandIn
import Testing
import WebSocket

@Suite struct TrafficTests {
    @Test func framesAndMessagesAreCounted() {
        var traffic = Traffic()
        traffic.count(.text, fin: false, payload: [1, 2])
        traffic.count(.continuation, fin: true, payload: [3])
        traffic.count(.binary, fin: true, payload: [])
        #expect(traffic.textMessages == 1 && traffic.binaryMessages == 1)
        #expect(traffic.frames == 3 && traffic.bytes == 3)
    }

    @Test func theDigestIsAChainThatAnyoneCanRepeat() {
        var traffic = Traffic()
        traffic.count(.binary, fin: true, payload: [7])
        traffic.count(.text, fin: false, payload: [8])
        let first = Digest.sha256([UInt8](repeating: 0, count: 32) + [0x82, 7])
        #expect(traffic.digest == Digest.sha256(first + [0x01, 8]))
        #expect(traffic.json["digest"]?.string == Hex.encode(traffic.digest))
    }

    @Test(arguments: [
        [(Opcode.binary, true, [1, 2] as [UInt8]), (.binary, true, [3])],
        [(.binary, true, [1]), (.binary, true, [2, 3])],
        [(.binary, true, [1, 2, 3])],
        [(.binary, false, [1, 2]), (.continuation, true, [3])],
        [(.text, true, [1, 2]), (.binary, true, [3])],
        [(.binary, true, [3]), (.binary, true, [1, 2])],
    ])
    func otherBoundariesGiveAnotherDigest(_ frames: [(Opcode, Bool, [UInt8])]) {
        func digest(_ frames: [(Opcode, Bool, [UInt8])]) -> [UInt8] {
            var traffic = Traffic()
            for (opcode, fin, payload) in frames { traffic.count(opcode, fin: fin, payload: payload) }
            return traffic.digest
        }
        #expect(digest(frames) == digest(frames))
        #expect(digest(frames) != digest([(.binary, true, [1, 2]), (.binary, true, [4])]))
    }
}
