import Testing
import WebSocket

@Suite struct OpcodeTests {
    // RFC 6455 §5.2, §11.8
    @Test func sixOfSixteenValuesAreOpcodes() {
        #expect((UInt8.min...0xF).filter { Opcode(rawValue: $0) != nil } == [0x0, 0x1, 0x2, 0x8, 0x9, 0xA])
    }

    @Test func closePingAndPongAreControl() {
        #expect(Opcode.allCases.filter(\.isControl) == [.close, .ping, .pong])
    }
}
