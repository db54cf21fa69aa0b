import Configuration
import Foundation
import HTTP
import Policy
import Reactor
import RelayServer
import RelayTestKit
import StandIn
import Testing

extension RelayHarbour.Plan {
    /// Opens the operators' door on loopback; with a token, behind it.
    mutating func openAdmin(token: String? = nil) throws {
        var settings = AdminSettings(address: ListenAddress(.v4(0x7F00_0001), port: 0))
        if let token {
            let path = "\(folder)/admin-token"
            try (token + "\n").write(toFile: path, atomically: true, encoding: .utf8)
            settings.token = .file(path)
        }
        admin = settings
    }
}

/// An answer of the admin listener.
struct AdminReply {
    let status: Int
    let head: String
    let body: String

    func json() throws -> JSONValue { try JSONValue(parsing: body) }

    /// The value of a field, as it stands in the head.
    func field(_ name: String) -> String? {
        head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }
}

extension WireClient {
    /// Reads one answer; its body, unless it has none by its nature.
    func readAnswer(hasBody: Bool = true) throws -> AdminReply {
        let head = try readHead()
        let status = try #require(Int(head.split(separator: " ")[1]))
        let reply = AdminReply(status: status, head: head, body: "")
        let length = try #require(reply.field("Content-Length").flatMap { Int($0) })
        guard hasBody else { return reply }
        return AdminReply(status: status, head: head, body: String(decoding: try read(length), as: UTF8.self))
    }
}

extension RelayHarbour {
    /// A connection to the admin listener.
    func adminWire() throws -> WireClient { try WireClient(port: try #require(relay.adminAddress?.port)) }

    /// One request to the admin listener, on a connection of its own.
    func admin(
        _ target: String, method: String = "GET", host: String = "localhost", _ lines: String...
    ) throws -> AdminReply {
        let wire = try adminWire()
        let all = ["\(method) \(target) HTTP/1.1", "Host: \(host)", "Connection: close"] + lines
        wire.send(all.map { $0 + "\r\n" }.joined() + "\r\n")
        return try wire.readAnswer(hasBody: method != "HEAD")
    }

    /// The metrics now, read strictly.
    func metrics() throws -> Exposition {
        let reply = try admin("/metrics")
        #expect(reply.status == 200)
        return try Exposition(reply.body)
    }
}
