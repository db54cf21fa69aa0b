import Identity
import Reactor
import Telemetry

/// The keys of every identity provider, as they are known now.
///
/// They are fetched on threads of their own, one for each provider, so that one that hangs holds up nobody else's. What has
/// been fetched is kept for as long as its provider is away. Thread-safe.
package final class KeySetStore: Sendable {
    private let tools: KeySetTools
    /// By issuer.
    private let providers = Lock<[String: Provider]>([:])

    private enum Provider {
        case given(KeySet)
        case kept(KeySetKeeper)

        var keeper: KeySetKeeper? {
            if case .kept(let keeper) = self { keeper } else { nil }
        }
    }

    /// Without any provider.
    convenience init(log: Log) {
        self.init(KeySetTools(log: log))
    }

    init(_ tools: KeySetTools) {
        self.tools = tools
    }

    deinit {
        stop()
    }

    /// Holds the keys of these providers and of no others. Where a set is to be found where it was, what is known of it stays;
    /// others are fetched at once, in the background.
    func change(to sources: [KeySetSource]) {
        let gone = providers.withLock { providers in
            let former = providers
            providers = [:]
            for source in sources { providers[source.issuer] = provider(source, replacing: former[source.issuer]) }
            let kept = providers.values.compactMap(\.keeper)
            return former.values.compactMap(\.keeper).filter { keeper in !kept.contains { $0 === keeper } }
        }
        for keeper in gone { keeper.stop() }
    }

    /// The keys of `issuer`; nil while there are none.
    func keys(of issuer: String) -> KeySet? {
        switch providers.withLock({ $0[issuer] }) {
        case .given(let set): set
        case .kept(let keeper): keeper.keys
        case nil: nil
        }
    }

    /// Fetches the keys of `issuer` anew, because they lack one that a token names, and calls `then` once that has been tried:
    /// on the provider's thread, or on this one when there is nothing to wait for.
    ///
    /// It is tried once in ten seconds at most, however many ask, because any stranger's token can name what it likes. Those who
    /// ask while it is under way share the answer.
    func refresh(_ issuer: String, then: @escaping @Sendable () -> Void) {
        guard let keeper = providers.withLock({ $0[issuer]?.keeper }) else { return then() }
        keeper.refresh(then: then)
    }

    /// Fetches nothing more. Whoever waits is told.
    func stop() {
        change(to: [])
    }

    /// How often each provider that is fetched from gave its keys, and did not.
    var counts: [String: KeySetCount] {
        providers.withLock { $0.compactMapValues { $0.keeper?.count } }
    }

    private func provider(_ source: KeySetSource, replacing former: Provider?) -> Provider {
        switch (source.place, former) {
        case (.given(let set), _): return .given(set)
        case (.remote(let address), .kept(let keeper)) where keeper.address == address: return .kept(keeper)
        case (.remote(let address), _):
            let keeper = KeySetKeeper(address, tools)
            keeper.start()
            return .kept(keeper)
        }
    }
}

/// Where the keys of an issuer come from.
struct KeySetSource: Sendable {
    let issuer: String
    let place: Place

    enum Place: Sendable {
        /// Read together with the configuration that names the file.
        case given(KeySet)
        case remote(KeySetAddress)
    }
}

/// How often an identity provider was asked for its keys.
struct KeySetCount: Equatable, Sendable {
    var fetched = 0
    var failed = 0
}
