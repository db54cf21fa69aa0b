import HTTP
import Policy
import Reactor
import RelayCore
import Transport

/// What becomes of a complete request, whichever version of HTTP carried it: an answer, or a session.
extension Worker {
    /// - Parameters:
    ///   - client: who asks; what comes on it from now on is for whoever the request is given to.
    ///   - rest: the bytes behind the head, which belong to the WebSocket that may follow.
    ///   - settled: called once, when the request has become a session or has its answer.
    func receive(
        _ head: RequestHead, from client: ClientLeg, on listener: RelaySnapshot.Listener,
        followedBy rest: RawSpan = RawSpan(), settled: @escaping () -> Void
    ) {
        if let desk = TokenDesk(head, of: client.transport, on: listener, worker: self) {
            return desk.answer { [unowned self] in
                tell($0, to: client)
                settled()
            }
        }
        let address = listener.client(of: head, at: client.peer)
        let credential = RequestReading.credential(
            of: head, certificate: snapshot.certificate(of: client.transport, on: listener))
        if let obstacle = obstacle(toStrangerShowing: credential, from: address) {
            settled()
            return turnAway(client, obstacle)
        }
        let reading = RequestReading(head, showing: credential, on: listener, under: snapshot)
        if let obstacle = obstacle(to: reading, from: address) {
            settled()
            return turnAway(client, obstacle)
        }
        let session = SessionDriver(client, worker: self)
        settled()
        session.begin(with: head, reading, on: listener, followedBy: rest)
    }

    /// Refuses what is no proper request.
    func refuse(_ refusal: Refusal, to client: ClientLeg, settled: () -> Void) {
        if let obstacle = obstacle(to: .stranger(at: IPAddress(bytes: client.peer.bytes))) {
            settled()
            return turnAway(client, obstacle)
        }
        let session = SessionDriver(client, worker: self)
        settled()
        session.refuse(refusal)
    }

    private func tell(_ answer: Result<Answer, RefusalObstacle>, to client: ClientLeg) {
        switch answer {
        case .failure(let obstacle): turnAway(client, obstacle)
        case .success(let answer):
            client.answer(answer)
            client.finish()
        }
    }
}
