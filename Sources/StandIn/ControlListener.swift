import Bytes
import HTTP
import Reactor
import Transport

/// The stand-in's door for test programs: plain HTTP on loopback. Belongs to the stand-in's loop.
///
/// | request | does |
/// | --- | --- |
/// | `GET /zones` | names, ports and schemes |
/// | `GET /ledger` | everything the stand-in saw |
/// | `DELETE /ledger` | forgets it |
/// | `POST /fault` | `{"zone":"eu","faults":["http:503"],"times":2}`; without `times` until cleared |
/// | `DELETE /fault` | forgets all faults |
final class ControlListener {
    let ledger: Monitor<Ledger>
    let faults: Monitor<FaultBook>
    let zones: JSONValue
    let zoneNames: [String]
    private var listener: ListeningSocket?
    private var transports = LingeringTransports()

    init(
        port: UInt16, on loop: EventLoop, _ buffers: LoopBuffers, ledger: Monitor<Ledger>, faults: Monitor<FaultBook>,
        zones: [(name: String, port: UInt16, isSecure: Bool)]
    ) throws(SystemError) {
        self.ledger = ledger
        self.faults = faults
        zoneNames = zones.map(\.name)
        self.zones = .array(
            zones.map { zone in
                ["name": .string(zone.name), "port": JSONValue(zone.port), "scheme": zone.isSecure ? "wss" : "ws"]
            })
        listener = try ListeningSocket(at: .loopback(port: port), on: loop) { [unowned self] descriptor, peer in
            let transport = Transport(descriptor, peer: peer, tls: nil, isConnecting: false, buffers: buffers)
            transports.add(transport)
            try? transport.start(ControlConnection(self))
        }
    }

    var port: UInt16 { listener?.port ?? 0 }

    /// Closes the door and every connection through it.
    func takeDown() {
        listener?.takeDown()
        transports.abortAll()
    }

    /// Answers one request.
    fileprivate func answer(_ head: RequestHead, body: [UInt8]) -> (status: Int, body: JSONValue) {
        switch (head.method, head.target.path) {
        case ("GET", "/zones"): (200, zones)
        case ("GET", "/ledger"): (200, ledger.snapshot.json)
        case ("DELETE", "/ledger"):
            (
                200,
                ledger.update {
                    $0.clear()
                    return [:]
                }
            )
        case ("POST", "/fault"): addFaults(String(decoding: body, as: UTF8.self))
        case ("DELETE", "/fault"):
            (
                200,
                faults.update {
                    $0.clear()
                    return [:]
                }
            )
        default: (404, ["error": "There is nothing at this path."])
        }
    }

    private func addFaults(_ text: String) -> (status: Int, body: JSONValue) {
        guard let order = try? JSONValue(parsing: text), let zone = order["zone"]?.string, zoneNames.contains(zone)
        else { return (400, ["error": "The body must be JSON with the name of a zone."]) }
        var list: [Fault] = []
        for item in order["faults"]?.items ?? [] {
            guard let name = item.string, let fault = try? Fault(name) else {
                return (400, ["error": .string("This is no fault: \(item.text)")])
            }
            list.append(fault)
        }
        faults.update { $0.add(list, zone: zone, times: order["times"]?.integer.map { Int(clamping: $0) }) }
        return (200, ["faults": JSONValue(list.count)])
    }
}

/// One connection to the control door: requests one after another.
private final class ControlConnection: TransportDelegate {
    /// An order for faults is short.
    private static let maxBodyBytes: UInt64 = 1 << 20

    private let control: ControlListener
    private var parser = RequestHeadParser()
    private var head: RequestHead?
    private var body: [UInt8] = []
    private var bodyCount = 0

    init(_ control: ControlListener) { self.control = control }

    func transportOpened(_ transport: Transport) {}
    func transportWrote(_ transport: Transport) {}
    func transport(_ transport: Transport, ended end: TransportEnd) {}

    func transport(_ transport: Transport, received bytes: RawSpan) {
        var offset = 0
        do throws(HTTPError) {
            while offset < bytes.byteCount { offset += try read(bytes.extracting(droppingFirst: offset), transport) }
        } catch {
            transport.finish()
        }
    }

    /// Reads a piece of a head or body; returns how many bytes that took.
    private func read(_ bytes: RawSpan, _ transport: Transport) throws(HTTPError) -> Int {
        var consumed = 0
        if head == nil {
            guard let head = try parser.parse(bytes, consumed: &consumed) else { return consumed }
            let length = try head.fields.contentLength() ?? 0
            guard length <= Self.maxBodyBytes else { throw .contentLengthInvalid }
            self.head = head
            bodyCount = Int(length)
        } else {
            consumed = min(bytes.byteCount, bodyCount - body.count)
            body += [UInt8](bytes.extracting(first: consumed))
        }
        if let head, body.count == bodyCount { answer(head, transport) }
        return consumed
    }

    private func answer(_ head: RequestHead, _ transport: Transport) {
        let (status, json) = control.answer(head, body: body)
        self.head = nil
        body = []
        let bytes = Array(json.text.utf8)
        let response = ResponseHead(
            status: status,
            fields: ["Content-Type": "application/json", "Content-Length": String(bytes.count)])
        transport.write(((try? HeadSerializer.serialize(response)) ?? []) + bytes)
        if head.fields.contains(token: "close", in: "Connection") { transport.finish() }
    }
}
