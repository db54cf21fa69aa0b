import HTTP2
import RelayTestKit
import StandIn
import Testing

/// HTTP/2 connections with many sessions on them.
@Suite("36 Shared connections", .overHTTP1Alone, .timeLimit(.minutes(10))) struct SharedConnections {
    @Test func aConnectionThatEndsForAFaultIsCountedByIt() throws {
        let harbour = try RelayHarbour { try $0.openAdmin() }
        let faults: [(bytes: [UInt8], code: HTTP2ErrorCode, reason: String)] = [
            (Array(repeatElement(HTTP2Frame.settings(), count: 1200).joined()), .enhanceYourCalm, "sent-settings"),
            (HTTP2Frame.frame(.ping, stream: 1, [UInt8](repeating: 0, count: 8)), .protocolError, "protocol-error"),
        ]
        for fault in faults {
            let connection = try SharedConnection(to: harbour)
            connection.inject(fault.bytes)
            try connection.listen { connection.goAway != nil }
            #expect(connection.goAway == fault.code)
            let ended = try harbour.metrics()["tidegate_http2_connections_ended_total", ["reason": fault.reason]]
            #expect(ended == 1)
        }
    }
}
