import Configuration
import RelayServer
import StandIn
import Testing

/// Whoever makes the records of TLS, what they carry is the same. `TIDEGATE_RECORDS=direct` tells all other stories so.
@Suite("37 Records") struct Records {
    @Test(arguments: TLSSettings.Records.allCases, [7] as [UInt64])
    func everyFramePasses(records: TLSSettings.Records, seed: UInt64) throws {
        let harbour = try RelayHarbour { plan in
            plan.tls.records = records
            plan.useEcho()
        }
        let client = harbour.client()
        try client.opened()
        var frames = RandomFrames(seed: seed)
        for _ in 0..<1000 {
            let frame = frames.next()
            client.send(frame.opcode, fin: frame.fin, frame.payload)
        }
        let ending = frames.ending()
        for frame in ending { client.send(frame.opcode, fin: frame.fin, frame.payload) }
        try harbour.expectEcho(to: client, frames: 1000 + ending.count, seed: seed)
    }

    @Test(arguments: TLSSettings.Records.allCases)
    func upstreamSessionsResume(records: TLSSettings.Records) throws {
        let harbour = try RelayHarbour { $0.tls.records = records }
        for count in 1...3 {
            let client = harbour.client()
            try client.begun()
            client.send(text: #"{"type":"Terminate"}"#)
            #expect(try client.toTheEnd().closeCode == 1000)
            let resumed = try harbour.wait { ledger in
                let ended = ledger.sessions(in: "eu").filter { $0.connectionEnd != nil }
                return ended.count == count ? ended.map(\.isResumed) : nil
            }
            #expect(resumed == [false, true, true].prefix(count).map { $0 })
        }
    }

    @Test func aChangeConcernsConnectionsToComeAndNoneThatIs() throws {
        let harbour = try RelayHarbour { plan in
            plan.tls.records = .openssl
            plan.makeNeighbours()
        }
        let neighbours = try Neighbours(in: harbour)
        var sessions = neighbours.clients.count
        for records in [TLSSettings.Records.direct, .openssl, .kernel, .direct] {
            try harbour.reload { $0.tls.records = records }
            try neighbours.goAround()
            try harbour.client("globex").begun()
            sessions += 1
            #expect(harbour.relay.sessionCount == sessions)
        }
    }
}
