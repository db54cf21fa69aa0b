import Testing

@testable import TLS

@Suite struct PostHandshakeTests {
    private static let ticket: [UInt8] = [4, 0, 0, 20] + [UInt8](repeating: 1, count: 20)

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let ofClient: Result<KeyUpdate?, RecordFault>
        let ofServer: Result<KeyUpdate?, RecordFault>
        let content: [UInt8]

        init(
            _ name: String, client: Result<KeyUpdate?, RecordFault>, server: Result<KeyUpdate?, RecordFault>? = nil,
            _ content: [UInt8]
        ) {
            testDescription = name
            ofClient = client
            ofServer = server ?? client
            self.content = content
        }
    }

    private static let cases = [
        Case("a KeyUpdate", client: .success(.notRequested), [24, 0, 0, 1, 0]),
        Case("one that asks for another", client: .success(.requested), [24, 0, 0, 1, 1]),
        Case("one that asks for something else", client: .failure(.illegalKeyUpdate), [24, 0, 0, 1, 2]),
        Case("one without its byte", client: .failure(.malformedMessage), [24, 0, 0, 0]),
        Case("one that is too long", client: .failure(.malformedMessage), [24, 0, 0, 2, 0, 0]),
        Case("two in a record", client: .failure(.dataBehindKeyUpdate), [24, 0, 0, 1, 0, 24, 0, 0, 1, 0]),
        Case("a ticket", client: .success(nil), server: .failure(.unexpectedMessage), ticket),
        Case("two tickets", client: .success(nil), server: .failure(.unexpectedMessage), ticket + ticket),
        Case(
            "a ticket and a KeyUpdate", client: .success(.notRequested), server: .failure(.unexpectedMessage),
            ticket + [24, 0, 0, 1, 0]),
        Case(
            "a ticket that is too short to be one", client: .failure(.malformedMessage),
            server: .failure(.unexpectedMessage), [4, 0, 0, 13]),
        Case(
            "a ticket that is too long to be one", client: .failure(.malformedMessage),
            server: .failure(.unexpectedMessage), [4, 2, 1, 0x0C]),
        // RFC 8446 §4.1.2, §4.6.2, §4.4.2: renegotiation, late authentication, whatever else.
        Case("a hello", client: .failure(.unexpectedMessage), [1, 0, 0, 50]),
        Case("a request for a certificate", client: .failure(.unexpectedMessage), [13, 0, 0, 30]),
        Case("a certificate", client: .failure(.unexpectedMessage), [11, 0, 0, 4, 0, 0, 0, 0]),
        Case("a Finished", client: .failure(.unexpectedMessage), [20, 0, 0, 32]),
        Case("something unknown", client: .failure(.unexpectedMessage), [99, 0, 0, 1, 0]),
    ]

    @Test(arguments: cases)
    func aMessageIsTakenOrRefused(item: Case) {
        for (isClient, expected) in [(true, item.ofClient), (false, item.ofServer)] {
            var messages = PostHandshake(isClient: isClient)
            #expect(read(item.content, &messages) == expected, "client: \(isClient)")
            #expect((try? expected.get()) == nil || !messages.isInside)
        }
    }

    @Test(arguments: cases)
    func recordsMayCutItAnywhere(item: Case) {
        for cut in 1..<item.content.count {
            var messages = PostHandshake(isClient: true)
            let first = read(Array(item.content[..<cut]), &messages)
            // A KeyUpdate ends its record, wherever it begins: two of them in two records are two.
            if case .success(.some) = first { continue }
            let second =
                (try? first.get()) == nil && first.isFailure ? first : read(Array(item.content[cut...]), &messages)
            if item.ofClient == .failure(.dataBehindKeyUpdate) { continue }
            #expect(second == item.ofClient, "cut at \(cut)")
        }
    }

    @Test func itIsInsideAMessageUntilItsEnd() {
        var messages = PostHandshake(isClient: true)
        for byte in Self.ticket.dropLast() {
            #expect(read([byte], &messages) == .success(nil))
            #expect(messages.isInside)
        }
        #expect(read([1], &messages) == .success(nil))
        #expect(!messages.isInside)
    }

    private func read(_ content: [UInt8], _ messages: inout PostHandshake) -> Result<KeyUpdate?, RecordFault> {
        do throws(RecordFault) {
            return .success(
                try content.span.bytes.withUnsafeBytes { (content) throws(RecordFault) in try messages.read(content) })
        } catch {
            return .failure(error)
        }
    }
}

extension Result {
    fileprivate var isFailure: Bool {
        if case .failure = self { true } else { false }
    }
}
