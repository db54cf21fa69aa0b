import Testing

@testable import TLS

@Suite struct RecordFormatTests {
    private static let cases: [([UInt8], Result<Int?, RecordFault>)] = [
        ([], .success(nil)),
        ([23, 3, 3, 0], .success(nil)),
        ([23, 3, 3, 0, 17], .success(22)),
        ([23, 3, 3, 0, 0], .success(5)),
        ([23, 3, 3, 0x41, 0x00, 1, 2, 3], .success(5 + 16_640)),
        ([23, 3, 3, 0x41, 0x01], .failure(.tooLong)),
        ([23, 3, 3, 0xFF, 0xFF], .failure(.tooLong)),
        // RFC 8446 §5.1: the version is to be ignored.
        ([23, 3, 1, 0, 17], .success(22)),
        ([20, 3, 3, 0, 1], .failure(.unprotected)),
        ([21, 3, 3, 0, 2], .failure(.unprotected)),
        ([22, 3, 3, 0, 5], .failure(.unprotected)),
        ([24, 3, 3, 0, 17], .failure(.unprotected)),
        ([0, 0, 0, 0, 0], .failure(.unprotected)),
    ]

    @Test func aHeaderTellsTheRecordsSize() {
        for (bytes, expected) in Self.cases {
            let result = Result { () throws(RecordFault) in
                try bytes.span.bytes.withUnsafeBytes { (bytes) throws(RecordFault) in
                    try RecordFormat.recordCount(of: bytes)
                }
            }
            #expect(result == expected, "\(bytes)")
        }
    }

    @Test(arguments: [17, 255, 256, RecordFormat.maxBodyCount])
    func aHeaderThatIsWrittenIsRead(bodyCount: Int) throws {
        var header = [UInt8](repeating: 0xAA, count: 5)
        header.withUnsafeMutableBytes { RecordFormat.writeHeader(bodyCount: bodyCount, to: $0.baseAddress!) }
        #expect(Array(header[..<3]) == [23, 3, 3])
        #expect(try header.withUnsafeBytes { try RecordFormat.recordCount(of: $0) } == 5 + bodyCount)
    }
}
