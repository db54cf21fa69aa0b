import Foundation
import Reactor
import StandIn
import Testing

/// A real Redis server on loopback, which keeps nothing on disk. It can be killed, made to hang, and started anew where it was.
final class RedisServer {
    let port: UInt16
    private let folder: String
    private let options: [String]
    private var process = Process()

    /// Whether there is one to be had: `scripts/setup clients` brings it.
    static let isInstalled = FileManager.default.isExecutableFile(atPath: path)
    private static let path = "/usr/bin/redis-server"

    /// - Parameter tls: the files of its certificate; nil: it speaks in the clear.
    init(password: String? = nil, tls: (chain: String, key: String)? = nil) throws {
        port = try Self.freePort()
        folder = FileManager.default.temporaryDirectory.path() + "/redis-\(port)-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        var options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder, "--logfile", "log"]
        if let tls {
            options += [
                "--port", "0", "--tls-port", "\(port)", "--tls-cert-file", tls.chain, "--tls-key-file", tls.key,
            ]
            options += ["--tls-auth-clients", "no"]
        } else {
            options += ["--port", "\(port)"]
        }
        if let password { options += ["--requirepass", password] }
        self.options = options
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Starts it, with no memory of what it knew.
    func start() throws {
        process = Process()
        process.executableURL = URL(filePath: Self.path)
        process.arguments = options
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        while WireClient.isRefused(port: port) { try #require(process.isRunning, "redis-server has ended") }
    }

    /// It is gone, at once.
    func kill() {
        guard process.isRunning else { return }
        signal(SIGKILL)
        process.waitUntilExit()
    }

    /// It is there and answers nobody, until `goOn`.
    func hang() {
        signal(SIGSTOP)
    }

    func goOn() {
        signal(SIGCONT)
    }

    private func signal(_ number: Int32) {
        _ = Foundation.kill(process.processIdentifier, number)
    }

    private static func freePort() throws -> UInt16 {
        let socket = try Socket.listen(.loopback(port: 0), reusePort: false)
        return try Socket.localAddress(socket.raw).port
    }
}
