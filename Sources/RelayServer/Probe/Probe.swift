import Configuration
import Fetch
import Policy
import Reactor
import TLS
import Timing

/// Looks at every endpoint of a configuration as the relay's dialer would reach it, without opening a session.
///
/// It connects by itself, but only to endpoints that the configuration names, at addresses that rule 7 lets through, and
/// verifies them by the dialer's rules. It asks for no upgrade and shows no provider key: the zones' secrets are not read.
/// Blocks its caller.
package struct Probe {
    private let resolver: Resolver

    /// - Parameter resolver: finds addresses; the system's unless a test has names of its own.
    package init(resolver: Resolver = Resolver()) {
        self.resolver = resolver
    }

    /// Probes every endpoint of a zone, in order. Throws when the zone's authorities cannot be read.
    package func reports(on zone: ZoneSettings) throws(RelayStartError) -> [EndpointReport] {
        let trust: TLSClientContext
        do throws(TLSError) { trust = try TLSClientContext(trust: zone.verify.authority.store()) } catch {
            throw RelayStartError(text: "The authorities of zone \(zone.zone): \(error.detail)")
        }
        return zone.endpoints.map { endpoint in
            let verification = EndpointVerification(
                endpoint: endpoint, tls: trust, networks: zone.verify.networks, pins: zone.verify.pins)
            return report(on: verification, in: zone)
        }
    }

    private func report(on verification: EndpointVerification, in zone: ZoneSettings) -> EndpointReport {
        let endpoint = verification.endpoint
        let began = MonotonicClock.now()
        let found = addresses(of: endpoint, within: zone.connectTimeout)
        let lookup = endpoint.address == nil ? MonotonicClock.now().duration(since: began) : nil
        switch found {
        case .failure(let error):
            return EndpointReport(endpoint, lookup: lookup, failure: "\(error)", addresses: [])
        case .success(let addresses):
            let reports = addresses.map { ProbedAddress($0, verification, zone).report() }
            return EndpointReport(endpoint, lookup: lookup, failure: nil, addresses: reports)
        }
    }

    private func addresses(of endpoint: Endpoint, within limit: Duration) -> Resolver.Answer {
        if let address = endpoint.address { return .success([SocketAddress(address)].compactMap { $0 }) }
        let answer = Lock<Resolver.Answer?>(nil)
        let isAnswered = Semaphore()
        resolver.resolve(endpoint.hostName, port: endpoint.port) { found in
            answer.withLock { $0 = found }
            isAnswered.signal()
        }
        guard isAnswered.wait(upTo: limit) else { return .failure(.temporary) }
        return answer.withLock { $0 } ?? .failure(.temporary)
    }
}

extension Duration {
    /// To the microsecond, for people.
    var inMilliseconds: Double { (inSeconds * 1e6).rounded() / 1000 }
}
