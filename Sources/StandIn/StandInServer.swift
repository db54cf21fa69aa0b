import Reactor
import Timing
import Transport

/// The provider as a relay's upstream: any number of zones on loopback, on one thread.
///
/// Everything here may be called from any thread.
package final class StandInServer: Sendable {
    /// What it saw. `ledger.wait` is how a test waits for what has to happen.
    package let ledger: Monitor<Ledger>
    /// The port of each zone.
    package let ports: [String: UInt16]
    /// The port of the control listener, when there is one.
    package let controlPort: UInt16?

    private let faults: Monitor<FaultBook>
    private let mailbox: Mailbox<ServerCommand>
    private let thread: LoopThread

    /// Starts listening. With a `controlPort` (0 for any), programs outside can read the ledger and set faults there over
    /// plain HTTP on loopback.
    package init(zones: [StandInZone], controlPort: UInt16? = nil) throws(SystemError) {
        let ledger = Monitor(Ledger())
        let faults = Monitor(FaultBook())
        let mailbox = try Mailbox<ServerCommand>()
        let core = try ServerCore(zones, controlPort: controlPort, ledger: ledger, faults: faults)
        ports = core.ports
        self.controlPort = core.controlPort
        self.ledger = ledger
        self.faults = faults
        self.mailbox = mailbox
        try core.receive(from: mailbox)
        thread = try LoopThread.start(name: "stand-in") { core.run() }
    }

    deinit { mailbox.post(.stop) }

    /// Makes the next `times` connections of a zone, or all of them, go wrong.
    package func fail(_ zone: String, with faults: [Fault], times: Int? = nil) {
        self.faults.update { $0.add(faults, zone: zone, times: times) }
    }

    /// Forgets the faults of a zone, or of all.
    package func clearFaults(_ zone: String? = nil) {
        faults.update { $0.clear(zone: zone) }
    }

    /// Stops listening in a zone, so that connections to it are refused. Those that are there stay. Soon, not at once.
    package func takeDown(_ zone: String) { mailbox.post(.takeDown(zone)) }

    /// Listens in a zone again, on the same port. Soon, not at once.
    package func bringUp(_ zone: String) { mailbox.post(.bringUp(zone)) }

    /// Resets every connection of a zone. Soon, not at once.
    package func dropConnections(_ zone: String) { mailbox.post(.dropConnections(zone)) }

    /// Ends all connections and the thread, and waits for it.
    package func stop() {
        mailbox.post(.stop)
        thread.join()
    }
}

/// What other threads ask of the stand-in's loop.
enum ServerCommand: Sendable {
    case takeDown(String)
    case bringUp(String)
    case dropConnections(String)
    case stop
}

/// The stand-in's loop and its listeners. Belongs to the loop's thread once that runs.
private final class ServerCore: MailboxReceiver {
    private let loop: EventLoop
    private let zones: [ZoneListener]
    private let control: ControlListener?
    private var registration: Registration?

    init(
        _ zones: [StandInZone], controlPort: UInt16?, ledger: Monitor<Ledger>, faults: Monitor<FaultBook>
    ) throws(SystemError) {
        loop = try EventLoop()
        let buffers = LoopBuffers(loop: loop)
        var listeners: [ZoneListener] = []
        for zone in zones {
            listeners.append(try ZoneListener(zone, on: loop, buffers, ledger: ledger, faults: faults))
        }
        self.zones = listeners
        control =
            if let controlPort {
                try ControlListener(
                    port: controlPort, on: loop, buffers, ledger: ledger, faults: faults,
                    zones: listeners.map { ($0.zone.name, $0.port, $0.zone.tls != nil) })
            } else { nil }
    }

    var ports: [String: UInt16] {
        Dictionary(zones.map { ($0.zone.name, $0.port) }) { first, _ in first }
    }

    var controlPort: UInt16? { control?.port }

    func receive(from mailbox: Mailbox<ServerCommand>) throws(SystemError) {
        registration = try mailbox.attach(self, to: loop)
    }

    func run() { loop.run() }

    func received(_ command: ServerCommand) {
        switch command {
        case .takeDown(let name): zone(name)?.takeDown()
        case .bringUp(let name): zone(name)?.bringUp()
        case .dropConnections(let name): zone(name)?.dropConnections()
        case .stop:
            for zone in zones {
                zone.takeDown()
                zone.dropConnections()
            }
            control?.takeDown()
            if let registration { loop.deregister(registration) }
            loop.stop()
        }
    }

    private func zone(_ name: String) -> ZoneListener? { zones.first { $0.zone.name == name } }
}
