import COpenSSL
import Testing

@testable import Crypto

@Suite struct MemoryBIOTests {
    @Test func whatIsLentIsRead() {
        let text = Array("some text".utf8)
        let read = text.withUnsafeBytes { bytes in
            MemoryBIO.over(bytes) { bio in
                var buffer = [UInt8](repeating: 0, count: 100)
                let count = BIO_read(bio, &buffer, 100)
                return Array(buffer.prefix(Int(max(0, count))))
            }
        }
        #expect(read == text)
    }

    @Test func ofNothingThereIsNothingToRead() {
        let hasBIO = MemoryBIO.over(UnsafeRawBufferPointer(start: nil, count: 0)) { $0 != nil }
        #expect(!hasBIO)
    }

    @Test func nobodyIsAskedForAPassword() {
        #expect(refusePassword(nil, 0, 0, nil) == -1)
    }
}
