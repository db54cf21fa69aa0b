import Foundation
import Glibc

/// A server on loopback that takes requests with bodies, one after another, and gives all the same answer. Ends when it goes.
package final class BodyCollector: Sendable {
    /// One request, as it came.
    package struct Request: Equatable, Sendable {
        package let head: String
        package let body: [UInt8]
    }

    /// `http://127.0.0.1:PORT/v1/traces`.
    package let url: String
    private let listener: Int32
    private let taken = Taken()

    /// - Parameter status: of every answer, with its words.
    package init(status: String = "204 No Content") throws {
        let (listener, port) = try Self.listen()
        self.listener = listener
        url = "http://127.0.0.1:\(port)/v1/traces"
        Thread.detachNewThread { [taken] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                if let request = Self.read(connection) {
                    // Before the answer: whoever has it finds the request here.
                    taken.add(request)
                    let answer = "HTTP/1.1 \(status)\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                    _ = send(connection, answer, answer.utf8.count, Int32(MSG_NOSIGNAL))
                }
                close(connection)
            }
            close(listener)
        }
    }

    deinit {
        // Wakes the thread, which closes it.
        _ = shutdown(listener, Int32(SHUT_RDWR))
    }

    /// What has come, in order.
    package var requests: [Request] { taken.requests }

    /// Waits until what has come is as it should be, and no longer than half a minute. Returns what there is then.
    package func requests(until areDone: ([Request]) -> Bool) -> [Request] {
        taken.wait(until: areDone)
    }

    private static func listen() throws -> (listener: Int32, port: UInt16) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && Glibc.listen(listener, 16) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRNOTAVAIL) }
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    /// Nil when the connection ends before the request does.
    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = recv(connection, &buffer, buffer.count, 0), count > 0 {
            bytes += buffer[..<count]
            guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { continue }
            let head = String(decoding: bytes[..<end.upperBound], as: UTF8.self)
            let length = head.firstMatch(of: /Content-Length: (\d+)/).flatMap { Int($0.1) } ?? 0
            guard bytes.count - end.upperBound >= length else { continue }
            return Request(head: head, body: Array(bytes[end.upperBound...]))
        }
        return nil
    }
}

/// Unchecked: `all` is touched under `condition` alone.
private final class Taken: @unchecked Sendable {
    private let condition = NSCondition()
    private var all: [BodyCollector.Request] = []

    func add(_ request: BodyCollector.Request) {
        condition.withLock { all.append(request) }
        condition.broadcast()
    }

    var requests: [BodyCollector.Request] { condition.withLock { all } }

    func wait(until areDone: ([BodyCollector.Request]) -> Bool) -> [BodyCollector.Request] {
        let end = Date(timeIntervalSinceNow: 30)
        return condition.withLock {
            while !areDone(all), condition.wait(until: end) {}
            return all
        }
    }
}
