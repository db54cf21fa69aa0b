import Glibc
import HTTP
import Reactor
import TLS
import Testing

@testable import StandIn

@Suite struct StandInProgramTests {
    @Test func theFactsAreEnoughToConnect() throws {
        var program = StandInProgram()
        program.keys = ["eu": "KEY"]
        let running = try program.start()
        defer { running.stop() }
        let clients = try ClientLoop()
        defer { clients.stop() }
        let facts = running.facts
        #expect(facts["zones"]?["eu"]?["key"] == "KEY")
        #expect(facts["zones"]?["us"]?["key"]?.string?.count == 32)
        #expect(facts["port"] == facts["zones"]?["us"]?["port"])

        let trust = try TrustStore(file: try #require(facts["ca"]?.string))
        let port = try #require(facts["zones"]?["eu"]?["port"]?.integer.flatMap { UInt16(exactly: $0) })
        let request = ClientRequest(
            port: port, fields: ["Authorization": "KEY"], tls: try TLSClientContext(trust: trust))
        try StandInClient(request, on: clients).begin()
    }

    @Test func aZoneMayHaveAnAddressOfItsOwn() throws {
        var program = StandInProgram()
        program.addresses = ["eu": "127.0.20.1"]
        let running = try program.start()
        defer { running.stop() }
        let port = try #require(running.ports["eu"])
        // The port is free for another where it is not the zone's.
        let loop = try EventLoop()
        let address = try #require(SocketAddress(literal: "127.0.20.1", port: port))
        #expect(throws: SystemError.self) { try ListeningSocket(at: address, on: loop) { _, _ in } }
        try ListeningSocket(at: .loopback(port: port), on: loop) { _, _ in }.takeDown()

        program.addresses = ["eu": "nowhere"]
        #expect(throws: StandInProgram.NoAddress.self) { try program.start() }
    }

    @Test func temporaryCertificatesGoWithTheProgram() throws {
        let running = try StandInProgram().start()
        let file = try #require(running.facts["relayKey"]?.string)
        #expect(access(file, R_OK) == 0)
        running.stop()
        #expect(access(file, F_OK) != 0)
    }

    @Test func certificatesOfADirectoryAreMadeOnceAndUsedAgain() throws {
        let temporary = try StandInProgram().start()
        temporary.stop()
        let folder = try #require(temporary.facts["ca"]?.string).dropLast("/ca.crt".count)
        var program = StandInProgram()
        program.certificates = String(folder)
        var modified: [Int] = []
        for _ in 1...2 {
            let running = try program.start()
            running.stop()
            var information = stat()
            #expect(stat("\(folder)/ca.crt", &information) == 0)
            modified.append(information.st_mtim.tv_nsec)
        }
        #expect(modified[0] == modified[1])
        for name in ["ca.crt", "zones.crt", "zones.key", "relay.crt", "relay.key"] { unlink("\(folder)/\(name)") }
        rmdir(String(folder))
    }
}
