import Bytes
import Policy
import RelayCore
import RelayTestKit
import Testing

@Suite struct ProxyPreambleParserTests {
    // MARK: Version 1

    @Test(arguments: [
        ("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", named("192.0.2.1", 56324)),
        ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", named("255.255.255.255", 65535)),
        ("PROXY TCP4 192.0.2.1 198.51.100.1 0 0\r\n", named("192.0.2.1", 0)),
        ("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n", named("2001:db8::1", 1)),
        ("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", named("::ffff:192.0.2.1", 1)),
        ("PROXY UNKNOWN\r\n", .unnamed),
        ("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", .unnamed),
        ("PROXY UNKNOWN \u{00}\r \r\n", .unnamed),
    ])
    func aLineNamesAClientOrNobody(line: String, preamble: ProxyPreamble) {
        #expect(parse(Array(line.utf8)) == .success(preamble))
    }

    @Test func theLongestLineOfTheSpecificationIsTaken() {
        let address = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
        let line = "PROXY UNKNOWN \(address) \(address) 65535 65535\r\n"
        #expect(line.utf8.count == 107)
        #expect(parse(Array(line.utf8)) == .success(.unnamed))
        #expect(parse(Array("PROXY UNKNOWN x\(line.dropFirst(14))".utf8)) == .failure(.malformed))
        #expect(parse(Array("PROXY UNKNOWN \(address) \(address) 65535 655350\n".utf8)) == .failure(.malformed))
    }

    @Test(arguments: [
        "PROXY \r\n", "PROXY TCP4\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n", "PROXY TCP4  192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 1 2 \r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 01 2\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 1 65536\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 -1 2\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 +1 2\r\n",
        "PROXY TCP4 192.0.2.01 198.51.100.1 1 2\r\n", "PROXY TCP4 192.0.2.1 localhost 1 2\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", "PROXY TCP6 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY tcp4 192.0.2.1 198.51.100.1 1 2\r\n", "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1\t198.51.100.1 1 2\r\n", "PROXY UNKNOWNS\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1  2\r\n",
    ])
    func aLineThatBreaksARuleIsMalformed(line: String) {
        #expect(parse(Array(line.utf8)) == .failure(.malformed))
    }

    @Test(arguments: [
        "GET /v3/ws HTTP/1.1\r\n", "\u{16}\u{03}\u{01}", "PROX\u{00}", "PROXY\tTCP4", "proxy TCP4", "\r\n\r\nx", "\n",
    ])
    func whatBeginsOtherwiseHasNone(bytes: String) {
        #expect(parse(Array(bytes.utf8)) == .failure(.absent))
    }

    @Test func theFirstWrongByteIsEnough() {
        for (bytes, count) in [("GET", 1), ("PRI * HTTP/2.0", 3), ("PROXY\r", 6)] {
            var parser = ProxyPreambleParser()
            var consumed = 0
            #expect(throws: ProxyPreambleFault.absent) {
                try parser.parse(Array(bytes.utf8).span.bytes, consumed: &consumed)
            }
            #expect(consumed == count)
        }
    }

    // MARK: Version 2

    private static let v4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 1, 0xDC, 0x04, 0x01, 0xBB]
    private static let v6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [1] + Array(repeating: 9, count: 16)
        + [0xDC, 0x04, 0x01, 0xBB]

    @Test(arguments: [
        (0x21, 0x11, v4, named("192.0.2.1", 56324)),
        (0x21, 0x11, v4 + [0x04, 0, 2, 7, 7], named("192.0.2.1", 56324)),
        (0x21, 0x21, v6, named("2001:db8::1", 56324)),
        (0x21, 0x21, v6 + Array(repeating: 0xEE, count: 65_535 - 36), named("2001:db8::1", 56324)),
        // A health check, whatever else it says.
        (0x20, 0x00, [], .unnamed), (0x20, 0x11, v4, .unnamed), (0x20, 0xFF, [1, 2, 3], .unnamed),
        // Not of the Internet, or of no stream.
        (0x21, 0x00, [], .unnamed), (0x21, 0x00, [1, 2, 3], .unnamed),
        (0x21, 0x31, Array(repeating: 0x2F, count: 216), .unnamed), (0x21, 0x12, v4, .unnamed),
    ])
    func aBinaryHeaderNamesAClientOrNobody(command: UInt8, family: UInt8, body: [UInt8], preamble: ProxyPreamble) {
        #expect(parse(Self.binary(command, family, body)) == .success(preamble))
    }

    @Test(
        arguments: [
            (0x11, 0x11, v4), (0x31, 0x11, v4), (0x22, 0x11, v4), (0x2F, 0x00, []), (0x21, 0x41, v4), (0x21, 0x13, v4),
            (0x21, 0x11, []), (0x21, 0x11, v4.dropLast()), (0x21, 0x21, v4), (0x21, 0x21, v6.dropLast()),
        ] as [(UInt8, UInt8, [UInt8])])
    func aBinaryHeaderThatBreaksARuleIsMalformed(command: UInt8, family: UInt8, body: [UInt8]) {
        #expect(parse(Self.binary(command, family, body)) == .failure(.malformed))
    }

    @Test func aSignatureThatEndsOtherwiseIsNone() {
        var bytes = Self.binary(0x21, 0x11, Self.v4)
        bytes[11] = 0x0D
        #expect(parse(bytes) == .failure(.absent))
    }

    // MARK: Any preamble

    @Test func nothingBehindIsTakenHoweverTheBytesCome() {
        for seed in UInt64(0)..<200 {
            var chance = SeededGenerator(seed: seed)
            let (bytes, preamble) = Self.random(using: &chance)
            let behind = Array("GET / HTTP/1.1\r\n\r\n\n".utf8)
            var parser = ProxyPreambleParser()
            var rest = (bytes + behind)[...]
            var found: ProxyPreamble?
            while found == nil, !rest.isEmpty {
                let piece = Array(rest.prefix(Int.random(in: 1...40, using: &chance)))
                var consumed = 0
                found = try? parser.parse(piece.span.bytes, consumed: &consumed)
                #expect(found != nil || consumed == piece.count, "seed \(seed)")
                rest = rest.dropFirst(consumed)
            }
            #expect(found == preamble, "seed \(seed)")
            #expect(Array(rest) == behind, "seed \(seed)")
        }
    }

    @Test func whateverComesNothingTraps() {
        for seed in UInt64(0)..<2_000 {
            var chance = SeededGenerator(seed: seed)
            var (bytes, _) = Self.random(using: &chance)
            for _ in 0...Int.random(in: 0...3, using: &chance) where !bytes.isEmpty {
                bytes[Int.random(in: bytes.indices, using: &chance)] = UInt8.random(in: 0...255, using: &chance)
            }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &chance)))
            _ = parse(bytes)
        }
    }

    private static func random(using chance: inout SeededGenerator) -> ([UInt8], ProxyPreamble) {
        let port = UInt16.random(in: 0...UInt16.max, using: &chance)
        let address = (0..<4).map { _ in UInt8.random(in: 0...255, using: &chance) }
        let client = IPAddress(bytes: address).map { ProxyPreamble.client($0, port: port) } ?? .unnamed
        let text = address.map(String.init).joined(separator: ".")
        switch Int.random(in: 0...3, using: &chance) {
        case 0: return (Array("PROXY TCP4 \(text) 10.0.0.1 \(port) 443\r\n".utf8), client)
        case 1: return (Array("PROXY UNKNOWN \(text)\r\n".utf8), .unnamed)
        case 2:
            let extra = (0..<Int.random(in: 0...300, using: &chance)).map { UInt8(truncatingIfNeeded: $0) }
            let ports = [UInt8(port >> 8), UInt8(port & 0xFF), 1, 0xBB]
            return (binary(0x21, 0x11, address + [10, 0, 0, 1] + ports + extra), client)
        default:
            return (binary(0x20, 0, Array(repeating: 0x0A, count: Int.random(in: 0...9, using: &chance))), .unnamed)
        }
    }

    private static func binary(_ command: UInt8, _ family: UInt8, _ body: [UInt8]) -> [UInt8] {
        Array("\r\n\r\n\0\r\nQUIT\n".utf8) + [command, family, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
    }

    private static func named(_ address: String, _ port: UInt16) -> ProxyPreamble {
        IPAddress(address).map { .client($0, port: port) } ?? .unnamed
    }

    private enum Outcome: Equatable {
        case success(ProxyPreamble?)
        case failure(ProxyPreambleFault)
    }

    /// The same whole and byte by byte.
    private func parse(_ bytes: [UInt8]) -> Outcome {
        let whole = parse([bytes])
        #expect(parse(bytes.map { [$0] }) == whole)
        return whole
    }

    private func parse(_ pieces: [[UInt8]]) -> Outcome {
        var parser = ProxyPreambleParser()
        do throws(ProxyPreambleFault) {
            for piece in pieces {
                var consumed = 0
                if let preamble = try parser.parse(piece.span.bytes, consumed: &consumed) { return .success(preamble) }
            }
            return .success(nil)
        } catch {
            return .failure(error)
        }
    }
}
