import Bytes
import Testing

@testable import TLS

@Suite struct RecordWriterTests {
    private let suite = CipherSuite.aes128GCM

    private func written(
        maxContentCount: Int = 1 << 14, _ write: (inout RecordWriter, inout ByteQueue) throws -> Void
    ) throws -> [Reader.Found] {
        var writer = RecordWriter(RecordProtection(suite.secret(), for: .sealing)!, maxContentCount: maxContentCount)
        var output = ByteQueue()
        try write(&writer, &output)
        var reader = Reader(suite.secret())
        return try reader.read(output.withUnsafeBytes { Array($0) })
    }

    private func written(_ count: Int, maxContentCount: Int = 1 << 14) throws -> [Reader.Found] {
        try written(maxContentCount: maxContentCount) { writer, output in
            try [UInt8](repeating: 9, count: count).withUnsafeBytes { try writer.write($0, output: &output) }
        }
    }

    @Test(arguments: [
        (0, []), (1, [1]), (16_384, [16_384]), (16_385, [16_384, 1]), (40_000, [16_384, 16_384, 7232]),
    ])
    func dataGoesIntoFewRecords(count: Int, sizes: [Int]) throws {
        let found = try written(count)
        #expect(found.map(\.content.count) == sizes && found.allSatisfy { $0.type == .applicationData })
        // A header, the type and the tag: no more than must be.
        #expect(found.map(\.bytesOnTheWire) == sizes.map { 5 + $0 + 1 + 16 })
    }

    @Test func recordsAreAsShortAsAgreed() throws {
        #expect(try written(1300, maxContentCount: 512).map(\.content.count) == [512, 512, 276])
    }

    @Test func alertsHaveTheirLevels() throws {
        let found = try written { writer, output in
            try writer.write(AlertDescription.closeNotify, output: &output)
            try writer.write(AlertDescription.badRecordMAC, output: &output)
        }
        #expect(found.map(\.content) == [[1, 0], [2, 20]] && found.allSatisfy { $0.type == .alert })
    }

    @Test func aKeyUpdateIsTheLastUnderItsKey() throws {
        let found = try written { writer, output in
            try [UInt8(1)].span.bytes.withUnsafeBytes { try writer.write($0, output: &output) }
            try writer.write(KeyUpdate.requested, output: &output)
            try [UInt8(2)].span.bytes.withUnsafeBytes { try writer.write($0, output: &output) }
        }
        #expect(found.map(\.type) == [.applicationData, .handshake, .applicationData])
        #expect(found[1].content == [24, 0, 0, 1, 1])
    }

    /// RFC 8446 §5.5.
    @Test func aWornKeyIsReplacedBeforeTheNextData() throws {
        let found = try written { writer, output in
            writer.protection.recordsPerKey = 3
            for _ in 0..<4 { try [UInt8(1)].span.bytes.withUnsafeBytes { try writer.write($0, output: &output) } }
        }
        #expect(
            found.map(\.type) == [.applicationData, .applicationData, .applicationData, .handshake, .applicationData])
        #expect(found[3].content == [24, 0, 0, 1, 0])
    }
}
