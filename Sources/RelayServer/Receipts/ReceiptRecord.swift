import Crypto
import Policy
import Receipts
import RelayCore
import WebSocket

extension Receipt {
    /// The receipt of a session that was over at `end`, in Unix time.
    init(_ summary: SessionSummary, at site: Site, end: Double) {
        self.init(
            session: summary.id, start: WallClock.timestamp(at: end - Double(summary.duration.milliseconds) / 1000),
            end: WallClock.timestamp(at: end), client: summary.client.map { "\($0)" }, tenant: summary.tenant,
            credential: summary.proof.map(Credential.init), request: summary.isForToken ? .token : .session,
            asked: summary.asked, origin: summary.origin, granted: summary.granted,
            refusal: summary.refusal.map { Denial(name: $0.name.rawValue, sentence: $0.sentence) },
            rules: summary.trail, site: site, policy: summary.policy, lastPolicy: summary.lastPolicy,
            upstream: Upstream(summary),
            failedDials: summary.failedDials.map {
                FailedDial(endpoint: $0.endpoint.description, kind: $0.failure.name)
            },
            milliseconds: summary.duration.milliseconds, dialMilliseconds: summary.dialTime?.milliseconds,
            up: Traffic(summary.zone == nil ? nil : summary.up), down: Traffic(summary.down),
            audioMilliseconds: summary.audio?.milliseconds,
            billedSeconds: summary.billedSeconds,
            terminatedBy: summary.terminatedBy.map { $0 == .client ? "client" : "relay" }, ending: summary.ending.name,
            limit: summary.limit?.rawValue, closeCode: summary.ending.code.map { Int($0.rawValue) })
    }
}

extension Receipt.Credential {
    fileprivate init(_ proof: CredentialProof) {
        self.init(kind: proof.kind.rawValue, name: proof.name, id: proof.id)
    }
}

extension Receipt.Upstream {
    fileprivate init?(_ summary: SessionSummary) {
        guard let zone = summary.zone, let endpoint = summary.endpoint else { return nil }
        self.init(
            zone: zone, endpoint: endpoint.description, address: summary.peer?.address,
            certificate: summary.peer?.certificateSHA256.map(Hex.encode))
    }
}

extension Receipt.Traffic {
    /// What passed; nil: nothing did, whatever came.
    fileprivate init(_ meter: Meter?) {
        self.init(frames: meter?.frames ?? 0, bytes: meter?.bytes ?? 0)
    }
}
