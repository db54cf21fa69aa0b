import Foundation
import Testing

@testable import Configuration

@Suite struct KeysTests {
    @Test(arguments: [KeyTable.tidegateFile, .policyFile])
    func everyKeyStandsOnceAndInsideAKeyThatHoldsKeys(table: KeyTable) {
        #expect(Set(table.keys.map(\.path)).count == table.keys.count)
        let holders = Set(
            table.keys.compactMap { key -> String? in
                switch key.type {
                case .section: key.path
                case .sections, .endpoints: key.path + "[]"
                case .named: key.path + ".*"
                default: nil
                }
            } + [""])
        for key in table.keys { #expect(holders.contains(key.parent), "\(key.path)") }
        #expect(holders.allSatisfy { !table.keys(in: $0).isEmpty })
    }

    @Test(arguments: [KeyTable.tidegateFile, .policyFile])
    func everyDefaultIsAValueOfItsType(table: KeyTable) {
        for key in table.keys {
            guard let standard = key.standard, !standard.isEmpty else { continue }
            switch key.type {
            case .list(let item):
                #expect(standard.split(separator: ", ").allSatisfy { item.accepts(String($0)) }, "\(key.path)")
            case .anyOrList: #expect(standard == "any", "\(key.path)")
            default: #expect(key.type.accepts(standard), "\(key.path)")
            }
            #expect(!key.isRequired, "\(key.path)")
        }
    }

    @Test(arguments: [KeyTable.tidegateFile, .policyFile])
    func everyKeyIsExplained(table: KeyTable) {
        for key in table.keys {
            #expect(key.help.hasSuffix("."), "\(key.path)")
            #expect(!key.type.accepted.isEmpty)
        }
    }

    @Test func theExampleShowsEveryKey() throws {
        let directory = (exampleFile as NSString).deletingLastPathComponent
        let main = try String(contentsOfFile: exampleFile, encoding: .utf8)
        let policies = try ["healthcare", "everyone-else"].map {
            try String(contentsOfFile: "\(directory)/policy/\($0).yaml", encoding: .utf8)
        }
        for key in KeyTable.tidegateFile.keys { #expect(main.contains(key.name), "\(key.path)") }
        for key in KeyTable.policyFile.keys { #expect(policies.joined().contains(key.name), "\(key.path)") }
    }

    /// The example says of each value whether it is an example or the default.
    @Test(arguments: [
        ("tls.minimum", "minimum: \"1.2\""), ("limits.sessions", "sessions: 9000"),
        ("limits.header_bytes", "header_bytes: 16KiB"), ("limits.refusals_per_minute", "refusals_per_minute: 32"),
        ("limits.message_bytes", "message_bytes: 1MiB"), ("limits.buffer_bytes", "buffer_bytes: 64KiB"),
        ("timeouts.handshake", "handshake: 10s"), ("timeouts.ping", "ping: 20s"), ("timeouts.pong", "pong: 10s"),
        ("timeouts.stall", "stall: 30s"), ("timeouts.idle", "idle: 5m"), ("timeouts.session", "session: 3h"),
        ("timeouts.terminate", "terminate: 5s"), ("timeouts.drain", "drain: 5m"),
        ("connect_timeout", "connect_timeout: 5s"),
        ("log.level", "level: info"), ("log.format", "format: json"), ("threads", "threads: 0"),
        ("refusals", "refusals: auto"), ("tls.records", "records: openssl"),
        ("traces.share", "share: 1"), ("traces.parents", "parents: accept"), ("traces.upstream", "upstream: nothing"),
    ])
    func theExamplesDefaultsAreTheTables(path: String, written: String) throws {
        let main = try String(contentsOfFile: exampleFile, encoding: .utf8)
        let key = try #require(KeyTable.tidegateFile.keys.first { $0.path.hasSuffix(path) })
        let value = written.drop { $0 != ":" }.dropFirst(2).replacing("\"", with: "")
        #expect(main.contains(written))
        #expect(key.standard == String(value))
    }
}
