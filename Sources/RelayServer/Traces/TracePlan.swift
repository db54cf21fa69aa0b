import Configuration
import Crypto
import Fetch
import HTTP
import TLS
import Telemetry

/// Where spans of sessions go, and of which, with what is needed for it at hand.
struct TracePlan: Sendable {
    let endpoint: String
    let authority: FetchRequest.Authority
    let token: Secret?
    private let share: Double
    private let parents: TraceSettings.Parents
    private let upstream: TraceSettings.Upstream
    /// Where the process stands.
    let site: String

    /// - Throws: why the collector's token, or those who vouch for it, cannot be had.
    init(_ settings: TraceSettings, site: String, environment: Environment) throws(RelayStartError) {
        endpoint = settings.endpoint
        authority = settings.authority.forFetching
        do throws(TLSError) {
            // libcurl reads it with every request; here it is only looked at.
            if case .file = settings.authority { _ = try settings.authority.store() }
        } catch {
            throw RelayStartError(text: "The authorities of the collector of traces: \(error.detail)")
        }
        do throws(SecretError) {
            token = try settings.token.map { (source) throws(SecretError) in
                try source.resolveForHeader(environment: environment)
            }
        } catch {
            throw RelayStartError(text: "The token of the collector of traces: \(error.sentence).")
        }
        share = settings.share
        parents = settings.parents
        upstream = settings.upstream
        self.site = site
    }

    /// The trace of a session with this request; nil: it has none. A client that names its trace says whether it is recorded.
    func trace(of head: RequestHead) -> SessionTrace? {
        let context =
            switch parents {
            case .accept: TraceContext(traceparent: head.fields.all("traceparent"))
            case .ignore: TraceContext?.none
            }
        guard context?.isSampled ?? (Double.random(in: 0..<1) < share) else { return nil }
        return SessionTrace(within: context, isToldUpstream: upstream == .own)
    }
}
