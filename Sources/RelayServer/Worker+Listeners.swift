import Reactor

/// What a loop accepts connections on.
extension Worker {
    /// Accepts connections on these listeners and on no others.
    func listen(on listeners: [LoopListener]) throws(SystemError) {
        let numbers = Set(listeners.map(\.number))
        for number in acceptors.keys where !numbers.contains(number) {
            close(acceptors.removeValue(forKey: number) ?? [])
        }
        for listener in listeners {
            for acceptor in acceptors[listener.number] ?? [] { acceptor.listener = listener.settings }
        }
        // Last, because it may fail.
        for listener in listeners {
            for socket in listener.sockets {
                let acceptor = Acceptor(socket, listener: listener.settings, worker: self)
                try acceptor.start()
                acceptors[listener.number, default: []].append(acceptor)
            }
        }
    }

    /// Takes whoever has come already, and then nobody more.
    func closeListeners() {
        let all = acceptors.values.flatMap { $0 }
        acceptors = [:]
        close(all)
    }

    private func close(_ acceptors: [Acceptor]) {
        leaving += acceptors
        for acceptor in acceptors { acceptor.leave() }
    }

    /// An acceptor has taken its last connection.
    func left(_ acceptor: Acceptor) {
        leaving.removeAll { $0 === acceptor }
        loop.retire(acceptor)
        stopIfDrained()
    }
}
