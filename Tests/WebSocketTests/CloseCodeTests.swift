import Testing
import WebSocket

@Suite struct CloseCodeTests {
    // RFC 6455 §7.4 and IANA's registry of close codes
    @Test(
        arguments: [
            (0...999, false), (1000...1003, true), (1004...1006, false), (1007...1014, true), (1015...2999, false),
            (3000...4999, true), (5000...65535, false),
        ] as [(ClosedRange<UInt16>, Bool)])
    func onlyCodesOfTheRegistryAndOfApplicationsMayBeSent(codes: ClosedRange<UInt16>, mayBeSent: Bool) {
        #expect(codes.allSatisfy { CloseCode(rawValue: $0).mayBeSent == mayBeSent })
    }
}
