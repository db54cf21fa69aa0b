import Crypto
import Testing

@Suite struct RandomBytesTests {
    @Test(arguments: [0, 1, 32, 4096])
    func asManyBytesAsAskedFor(count: Int) {
        #expect(RandomBytes.make(count).count == count)
    }

    @Test func twoDrawsDiffer() {
        #expect(RandomBytes.make(32) != RandomBytes.make(32))
    }

    @Test func fillWritesTheBufferAndNothingBeyond() {
        var bytes = [UInt8](repeating: 0, count: 96)
        bytes.withUnsafeMutableBytes { RandomBytes.fill(UnsafeMutableRawBufferPointer(rebasing: $0[32..<64])) }
        #expect(bytes[..<32].allSatisfy { $0 == 0 } && bytes[64...].allSatisfy { $0 == 0 })
        #expect(bytes[32..<64].contains { $0 != 0 })
    }
}
