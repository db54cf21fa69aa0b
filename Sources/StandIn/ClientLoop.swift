import Reactor
import Transport

/// A thread on which stand-in clients live. Any number of clients can share one.
package final class ClientLoop: Sendable {
    private let mailbox: Mailbox<ClientOrder>
    private let thread: LoopThread

    /// Starts the thread.
    package init() throws(SystemError) {
        let mailbox = try Mailbox<ClientOrder>()
        let core = ClientCore(try EventLoop())
        try core.receive(from: mailbox)
        self.mailbox = mailbox
        thread = try LoopThread.start(name: "clients") { core.run() }
    }

    deinit { mailbox.post(.stop) }

    /// Resets all connections, ends the thread and waits for it.
    package func stop() {
        mailbox.post(.stop)
        thread.join()
    }

    func post(_ order: ClientOrder) { mailbox.post(order) }
}

/// What other threads ask of a client loop. A client is known by its inbox.
enum ClientOrder: Sendable {
    case connect(ClientRequest, Monitor<ClientInbox>)
    case act(ClientAct, Monitor<ClientInbox>)
    case stop
}

/// The clients of one loop. Belongs to the loop's thread once that runs.
private final class ClientCore: MailboxReceiver {
    private let loop: EventLoop
    private let buffers: LoopBuffers
    private var clients: [ObjectIdentifier: ClientConnection] = [:]
    private var lingering = LingeringTransports()
    private var registration: Registration?

    init(_ loop: EventLoop) {
        self.loop = loop
        buffers = LoopBuffers(loop: loop)
    }

    func receive(from mailbox: Mailbox<ClientOrder>) throws(SystemError) {
        registration = try mailbox.attach(self, to: loop)
    }

    func run() { loop.run() }

    func received(_ order: ClientOrder) {
        switch order {
        case .connect(let request, let inbox): connect(request, inbox)
        case .act(let act, let inbox): clients[ObjectIdentifier(inbox)]?.perform(act)
        case .stop:
            for client in clients.values { client.perform(.reset) }
            lingering.abortAll()
            if let registration { loop.deregister(registration) }
            loop.stop()
        }
    }

    private func connect(_ request: ClientRequest, _ inbox: Monitor<ClientInbox>) {
        let id = ObjectIdentifier(inbox)
        let client = ClientConnection(request, inbox) { [unowned self] transport in
            if let transport { lingering.add(transport) }
            if let client = clients.removeValue(forKey: id) { loop.retire(client) }
        }
        clients[id] = client
        client.connect(buffers)
    }
}
