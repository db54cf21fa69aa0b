import Reactor
import TLS
import Transport

/// One zone at work: its listener, its admission and its connections. Belongs to the stand-in's loop.
final class ZoneListener {
    let zone: StandInZone
    let loop: EventLoop
    let ledger: Monitor<Ledger>
    let faults: Monitor<FaultBook>
    var admission: Admission

    private let buffers: LoopBuffers
    private var listener: ListeningSocket?
    private var owners: [ObjectIdentifier: any ZoneConnection] = [:]
    private var lingering = LingeringTransports()

    init(
        _ zone: StandInZone, on loop: EventLoop, _ buffers: LoopBuffers, ledger: Monitor<Ledger>,
        faults: Monitor<FaultBook>
    ) throws(SystemError) {
        self.zone = zone
        self.loop = loop
        self.buffers = buffers
        self.ledger = ledger
        self.faults = faults
        admission = Admission(keys: zone.keys)
        admission.maxOpensPerMinute = zone.maxOpensPerMinute
        admission.maxSessionSeconds = zone.maxSessionSeconds
        listener = try ListeningSocket(at: zone.address, on: loop) { [unowned self] in accepted($0, from: $1) }
        ledger.update { $0.connections[zone.name] = Ledger.Connections() }
    }

    var port: UInt16 { listener?.port ?? 0 }

    func takeDown() { listener?.takeDown() }

    func bringUp() { listener?.bringUp() }

    func dropConnections() {
        for owner in owners.values { owner.drop() }
        lingering.abortAll()
    }

    /// `owner` is now the one to tell when the connection must go.
    func adopt(_ transport: Transport, by owner: any ZoneConnection) {
        owners[ObjectIdentifier(transport)] = owner
    }

    /// A connection is over, but for what `finish` may still have to send.
    func forget(_ transport: Transport) {
        guard owners.removeValue(forKey: ObjectIdentifier(transport)) != nil else { return }
        lingering.add(transport)
        count { $0.open -= 1 }
    }

    func count(_ change: (inout Ledger.Connections) -> Void) {
        ledger.update { change(&$0.connections[zone.name, default: Ledger.Connections()]) }
    }

    private func accepted(_ descriptor: consuming Descriptor, from peer: SocketAddress) {
        try? Socket.setNoDelay(descriptor.raw)
        let acts = faults.update { $0.takeForConnection(zone: zone.name) }.filter { $0.moment == .accept }.map(\.act)
        let tls = acts.isEmpty ? zone.tls.map { TLSConnection(server: $0) } : nil
        let transport = Transport(descriptor, peer: peer, tls: tls, isConnecting: false, buffers: buffers)
        count {
            $0.accepted += 1
            $0.open += 1
        }
        let owner: any TransportDelegate & ZoneConnection =
            acts.isEmpty ? RequestConnection(transport, in: self) : DeafConnection(transport, in: self)
        adopt(transport, by: owner)
        do throws(SystemError) {
            try transport.start(owner)
            for act in acts { strike(act, transport) }
        } catch {
            forget(transport)
        }
    }

    /// What can go wrong before anything was read.
    private func strike(_ act: Fault.Act, _ transport: Transport) {
        switch act {
        case .reset:
            transport.abort()
            forget(transport)
        case .end:
            transport.finish()
            forget(transport)
        case .raw(let bytes): transport.write(bytes)
        default: break  // Any other means that there is no answer.
        }
    }
}

/// A connection of a zone, in whatever stage.
protocol ZoneConnection: AnyObject {
    /// Resets the connection and says so in the ledger.
    func drop()
}

/// Listens to nothing and says nothing.
private final class DeafConnection: TransportDelegate, ZoneConnection {
    private let transport: Transport
    private let zone: ZoneListener

    init(_ transport: Transport, in zone: ZoneListener) {
        self.transport = transport
        self.zone = zone
    }

    func drop() {
        transport.abort()
        zone.forget(transport)
    }

    func transportOpened(_ transport: Transport) {}
    func transport(_ transport: Transport, received bytes: RawSpan) {}
    func transportWrote(_ transport: Transport) {}
    func transport(_ transport: Transport, ended end: TransportEnd) { zone.forget(transport) }
}
