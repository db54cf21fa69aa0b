import Configuration
import Policy
import Reactor
import Receipts
import RelayCore
import RelayServer
import StandIn
import Testing
import Timing
import WebSocket

/// Behind balancers: who the client is, by whose word, and what happens to those who may not give it.
@Suite("33 Balancers", .timeLimit(.minutes(10))) struct Balancers {
    private func harbour(
        trusting networks: [String] = ["127.0.0.0/8"], _ adjust: (inout RelayHarbour.Plan) throws -> Void = { _ in }
    ) throws -> RelayHarbour {
        try RelayHarbour { plan in
            for index in plan.listeners.indices {
                plan.listeners[index].proxyProtocol = .v1OrV2
                plan.listeners[index].trustedProxies = networks.compactMap { Network($0) }
            }
            try adjust(&plan)
        }
    }

    private static let line = Array("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n".utf8)
    private static let binary =
        Array("\r\n\r\n\0\r\nQUIT\n".utf8) + [0x21, 0x21, 0, 41] + [0x20, 0x01, 0x0D, 0xB8]
        + Array(repeating: 0, count: 11) + [7] + Array(repeating: 9, count: 16) + [0xDC, 0x04, 0x01, 0xBB]
        // A type-length-value.
        + [0xE0, 0, 2, 0x16, 0x03]

    // MARK: The PROXY protocol

    @Test(arguments: [(line, "192.0.2.7"), (binary, "2001:db8::7")])
    func theClientIsWhomThePreambleNames(preamble: [UInt8], address: String) throws {
        let log = try ReceiptLog()
        let harbour = try harbour { $0.receipts = log.settings() }
        for security in [nil, WireClient.Security()] {
            let client = try WireClient(
                port: security == nil ? harbour.plainPort : harbour.port, security, behind: preamble)
            client.request(key: harbour.key(of: "acme"))
            #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
            #expect(try client.readFrame().text.contains(#""type":"Begin""#))
            client.send(.close, [0x03, 0xE8])
            _ = client.readToEnd()
        }
        try harbour.log.lines("session-ended") { lines in
            lines.count == 2 && lines.allSatisfy { $0["client"]?.string == address }
        }
        harbour.relay.stop()
        harbour.relay.wait()
        #expect(log.lines(.session).count == 2)
        #expect(log.lines(.session).allSatisfy { $0.string("client") == address })
    }

    @Test func aPreambleMayDripAndTheRequestHangOnToIt() throws {
        let harbour = try harbour()
        for preamble in [Self.line, Self.binary] {
            let client = try harbour.wire()
            for byte in preamble.dropLast() { client.send([byte]) }
            let head = WireClient.head(lines: ["Authorization: \(harbour.key(of: "acme"))"])
            client.send(preamble.suffix(1) + Array(head.utf8))
            #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
            #expect(try client.readFrame().text.contains(#""type":"Begin""#))
        }
    }

    @Test func aBalancerThatSpeaksForItselfIsItsOwnClient() throws {
        let harbour = try harbour()
        let checks = [Array("PROXY UNKNOWN\r\n".utf8), Array("\r\n\r\n\0\r\nQUIT\n".utf8) + [0x20, 0, 0, 0]]
        for check in checks {
            let client = try WireClient(port: harbour.plainPort, behind: check)
            client.request(key: "wrong")
            #expect(try client.readAnswer().status == 401)
        }
        try harbour.log.lines("refused") { lines in
            lines.count == 2 && lines.allSatisfy { $0["client"]?.string == "127.0.0.1" }
        }
    }

    @Test func whoeverBeginsOtherwiseIsLeftWithoutAWord() throws {
        let harbour = try harbour()
        let requests = [
            Array(WireClient.head(lines: ["Authorization: \(harbour.key(of: "acme"))"]).utf8),
            [0x16, 0x03, 0x01, 0x02],
            Array("PROXY TCP4 192.0.2.7 nowhere 1 2\r\n".utf8),
        ]
        for request in requests {
            for port in [harbour.plainPort, harbour.port] {
                let client = try WireClient(port: port)
                client.send(request)
                #expect(client.readToEnd().isEmpty && client.end == .reset)
            }
        }
        for reason in ["proxy-preamble-absent", "proxy-preamble-malformed"] {
            _ = try harbour.log.line("connection-failed") { $0["reason"]?.string == reason && $0["level"] == "warning" }
        }
        #expect(harbour.acceptedAnywhere == 0)
    }

    @Test func aPreambleThatDoesNotComeIsNotWaitedFor() throws {
        let handshake = Duration.milliseconds(500)
        let harbour = try harbour { $0.timeouts.handshake = handshake }
        let begin = MonotonicClock.now()
        let clients = try (0..<20).map { _ in try harbour.wire() }
        for client in clients { client.send("PROXY TCP4 ") }
        for client in clients { #expect(client.readToEnd().isEmpty && client.end == .reset) }
        #expect(MonotonicClock.now().duration(since: begin) > handshake * 0.9)
        _ = try harbour.log.line("connection-failed") { $0["reason"] == "proxy-preamble-late" }
        // And the time for the request begins behind it.
        let client = try WireClient(port: harbour.plainPort, behind: Self.line)
        client.send("GET /v3/ws HTTP/1.1\r\n")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 408 "))
    }

    @Test func onlyBalancersMaySendOne() throws {
        let harbour = try harbour(trusting: ["127.0.0.2/32"])
        let stranger = try WireClient(port: harbour.plainPort, from: "127.0.0.3", behind: Self.line)
        #expect(stranger.readToEnd().isEmpty && stranger.end != WireClient.End.none)
        _ = try harbour.log.line("connection-failed") { $0["reason"] == "proxy-untrusted" }
        let balancer = try WireClient(port: harbour.plainPort, from: "127.0.0.2", behind: Self.line)
        balancer.request(key: harbour.key(of: "acme"))
        #expect(try balancer.readHead().hasPrefix("HTTP/1.1 101 "))
    }

    @Test func whereNoBalancerIsNamedAnybodyMaySendOne() throws {
        let harbour = try harbour(trusting: [])
        let client = try WireClient(port: harbour.plainPort, behind: Self.line)
        client.request(key: "wrong")
        #expect(try client.readAnswer().status == 401)
        _ = try harbour.log.line("refused") { $0["client"] == "192.0.2.7" }
    }

    @Test func aBalancerThatLooksAndLeavesIsNoEvent() throws {
        let harbour = try harbour()
        for _ in 0..<10 {
            let client = try harbour.wire()
            client.finish()
            #expect(client.readToEnd().isEmpty && client.end == .finished)
        }
        #expect(!harbour.log.text.contains { $0.contains("connection-failed") })
    }

    @Test func aReloadChangesWhatNewConnectionsMustBeginWith() throws {
        let harbour = try harbour()
        try harbour.reload { $0.listeners[1].proxyProtocol = .off }
        // Each loop hears of it by itself.
        var answer = ""
        repeat {
            let client = try harbour.wire()
            client.request(key: harbour.key(of: "acme"))
            answer = String(decoding: client.nextBytes(), as: UTF8.self)
        } while !answer.hasPrefix("HTTP/1.1 101 ")
    }

    @Test func connectionsWithoutTheirPreambleAreAwaitedByADrainAndNoLonger() throws {
        let harbour = try harbour { $0.timeouts.handshake = .milliseconds(300) }
        let client = try harbour.wire()
        client.send("PROXY")
        harbour.relay.drain()
        harbour.relay.wait()
        #expect(client.readToEnd().isEmpty)
    }

    // MARK: X-Forwarded-For

    @Test func theFieldOfABalancerNamesTheClient() throws {
        let harbour = try RelayHarbour { $0.listeners[1].trustedProxies = ["127.0.0.0/8"].compactMap { Network($0) } }
        let client = try harbour.wire()
        client.request(
            key: harbour.key(of: "acme"), "X-Forwarded-For: 198.51.100.1, 203.0.113.9", "X-Forwarded-For: 127.0.0.5")
        #expect(try client.readHead().hasPrefix("HTTP/1.1 101 "))
        #expect(try client.readFrame().text.contains(#""type":"Begin""#))
        client.send(.close, [0x03, 0xE8])
        _ = try harbour.log.line("session-ended") { $0["client"] == "203.0.113.9" }
        // It says who the client is, and so it stays here.
        #expect(try !harbour.session().request.head.contains("203.0.113.9"))
    }

    @Test func nobodyElsesFieldIsBelieved() throws {
        let harbour = try RelayHarbour { $0.listeners[1].trustedProxies = ["10.0.0.0/8"].compactMap { Network($0) } }
        for port in [harbour.plainPort] {
            let client = try WireClient(port: port)
            client.request(key: "wrong", "X-Forwarded-For: 203.0.113.9")
            #expect(try client.readAnswer().status == 401)
        }
        _ = try harbour.log.line("refused") { $0["client"] == "127.0.0.1" }
    }

    @Test func refusalsAreLimitedByTheAddressThatWasForwarded() throws {
        let harbour = try RelayHarbour {
            $0.listeners[1].trustedProxies = ["127.0.0.0/8"].compactMap { Network($0) }
            $0.refusals = RefusalLimits.Rules(
                party: TokenBucket.Rule(size: 3, interval: .seconds(3600)),
                strangers: TokenBucket.Rule(size: 1000, interval: .seconds(3600)))
        }
        func status(_ number: Int, from address: String, _ target: String = "/v3/ws") throws -> Int {
            let client = try harbour.wire()
            client.request(target, key: "wrong \(number)", "X-Forwarded-For: \(address)")
            return try client.readAnswer().status
        }
        for number in 1...3 { #expect(try status(number, from: "203.0.113.9") == 401) }
        #expect(try status(4, from: "203.0.113.9") == 429)
        #expect(try status(5, from: "203.0.113.9", "/elsewhere") == 429)
        #expect(try status(6, from: "203.0.113.10") == 401)
    }
}

extension WireClient {
    /// What comes first, up to the end of a head, or nothing when the connection ends.
    fileprivate func nextBytes() -> [UInt8] {
        (try? readHead()).map { Array($0.utf8) } ?? []
    }
}
