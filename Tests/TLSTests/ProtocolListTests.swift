import COpenSSL
import Testing

@testable import TLS

@Suite struct ProtocolListTests {
    private let house = House()

    @Test func eachNameStandsAfterItsLength() {
        #expect(ProtocolList(["h2", "http/1.1"]).withWire { Array($0) } == [2] + "h2".utf8 + [8] + "http/1.1".utf8)
        #expect(ProtocolList([]).withWire { $0.isEmpty })
    }

    @Test func namesThatCannotBeWrittenAreLeftOut() {
        let long = String(repeating: "x", count: 256)
        #expect(ProtocolList(["", long, "h2"]).withWire { Array($0) } == [2] + "h2".utf8)
    }

    @Test(
        arguments: [
            (["h2", "http/1.1"], ["http/1.1", "h2"], "h2"),
            (["http/1.1", "h2"], ["h2", "http/1.1"], "http/1.1"),
            (["h2", "http/1.1"], ["spdy/3", "http/1.1"], "http/1.1"),
            (["h2"], ["h2"], "h2"),
            (["h2"], [], nil),
        ] as [([String], [String], String?)])
    func theServersOrderDecides(ours: [String], offered: [String], agreed: String?) throws {
        let pair = try Pair(client: client(offering: offered), server: house.server(protocols: ours)).handshake()
        #expect(pair.client.error == nil && pair.server.error == nil)
        #expect(pair.server.connection.negotiatedProtocol == agreed)
        #expect(pair.client.connection.negotiatedProtocol == agreed)
    }

    @Test func nothingInCommonIsRefusedByName() throws {
        let pair = try Pair(client: client(offering: ["spdy/3"]), server: house.server()).handshake()
        #expect(pair.server.error?.kind == .violation)
        #expect(pair.client.error?.kind == .alert(120))  // no_application_protocol
    }

    private func client(offering protocols: [String]) throws -> TLSClientContext {
        let client = try house.client()
        ProtocolList(protocols).withWire {
            _ = SSL_CTX_set_alpn_protos(client.context.pointer, $0.baseAddress, UInt32($0.count))
        }
        return client
    }
}
