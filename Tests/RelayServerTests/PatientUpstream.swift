import Glibc
import Reactor
import StandIn
import WebSocket

/// A provider of one session, which it opens and does not read before it is told to: plain TCP, with little room in the
/// system for what waits.
final class PatientUpstream {
    let port: UInt16
    private let service: PatientService
    private let thread: LoopThread

    init() throws {
        let service = PatientService(listener: try Socket.listen(.loopback(port: 0)).release())
        port = try Socket.localAddress(service.listener).port
        self.service = service
        thread = try LoopThread.start(name: "upstream") { service.run() }
    }

    /// What it has read behind the request.
    var heard: [UInt8] { service.state.snapshot.heard }

    /// Reads on, to the end.
    func read() {
        service.state.update { $0.mayRead = true }
    }

    /// Waits until so many bytes have been read.
    func hears(_ count: Int) -> Bool {
        service.state.wait(upTo: RelayHarbour.patience) { $0.heard.count >= count ? true : nil } ?? false
    }

    deinit {
        read()
        shutdown(service.listener, Int32(SHUT_RDWR))
        thread.join()
        close(service.listener)
    }
}

/// What its thread does.
private final class PatientService: Sendable {
    let listener: Int32
    let state = Monitor(State())

    struct State: Sendable {
        var mayRead = false
        var heard: [UInt8] = []
    }

    private static let roomBytes: Int32 = 64 << 10

    init(listener: Int32) {
        self.listener = listener
        // What it accepts inherits this.
        var room = Self.roomBytes
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<Int32>.size))
    }

    func run() {
        // The listener does not block.
        var arrival = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        poll(&arrival, 1, -1)
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        defer { close(client) }
        var head = ""
        while !head.hasSuffix("\r\n\r\n") {
            guard let some = Self.receive(client) else { return }
            head += String(decoding: some, as: UTF8.self)
        }
        let answer = Self.answer(to: head)
        _ = send(client, answer, answer.utf8.count, 0)
        while state.wait(upTo: RelayHarbour.patience, until: { $0.mayRead ? true : nil }) == nil {}
        while let some = Self.receive(client) { state.update { $0.heard += some } }
    }

    private static func answer(to head: String) -> String {
        let name = "Sec-WebSocket-Key: "
        let line = head.split(separator: "\r\n").first { $0.hasPrefix(name) } ?? ""
        return [
            "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Accept: \(OpeningHandshake.accept(for: String(line.dropFirst(name.count))))", "", "",
        ].joined(separator: "\r\n")
    }

    private static func receive(_ socket: Int32) -> ArraySlice<UInt8>? {
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(socket, &piece, piece.count, 0)
        return count > 0 ? piece[..<count] : nil
    }
}
