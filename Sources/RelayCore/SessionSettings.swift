import Policy

/// What bounds a session: sizes in bytes, times as durations, and the provider spoken to in each zone.
package struct SessionSettings: Sendable {
    /// The largest message either leg may send; decided from frame headers alone.
    package var messageBytes: UInt64
    /// The high mark of each direction: what may wait for a slow reader before its writer is paused.
    package var bufferBytes: Int
    /// How long an upstream may take from its 101 to the provider's first message.
    package var handshake: Duration
    /// How long a leg may be silent before it is pinged.
    package var ping: Duration
    /// How long a pinged leg may stay silent before it counts as lost.
    package var pong: Duration
    /// How long a leg with something to read may read nothing.
    package var stall: Duration
    /// How long a session may carry no data frame either way.
    package var idle: Duration
    /// How long a session may last, counted from its 101.
    package var session: Duration
    /// How long the provider may take to finish a session that the relay terminates.
    package var terminate: Duration
    /// Whether what is opened upstream is recorded before the client's audio goes there.
    package var recordsOpenings: Bool
    /// The provider behind each zone.
    package var providers: [Zone: Provider]
    /// The provider whose manners a client refused before any zone was chosen is told with.
    package var defaultProvider: Provider
    /// How long all dials of a session together may take. No client waits longer for an upstream, however many endpoints
    /// its zones have.
    package var dial: Duration
    /// Which endpoints have a key to fall back on.
    package var spareKeys: SpareKeys

    package init(
        messageBytes: UInt64 = 1 << 20, bufferBytes: Int = 64 << 10, handshake: Duration = .seconds(10),
        ping: Duration = .seconds(20), pong: Duration = .seconds(10), stall: Duration = .seconds(30),
        idle: Duration = .seconds(300), session: Duration = .seconds(3 * 3600), terminate: Duration = .seconds(5),
        recordsOpenings: Bool = false, providers: [Zone: Provider] = [:], defaultProvider: Provider = .assemblyAI,
        dial: Duration = .seconds(30),
        spareKeys: SpareKeys = SpareKeys()
    ) {
        self.messageBytes = messageBytes
        self.bufferBytes = bufferBytes
        self.handshake = handshake
        self.ping = ping
        self.pong = pong
        self.stall = stall
        self.idle = idle
        self.session = session
        self.terminate = terminate
        self.recordsOpenings = recordsOpenings
        self.providers = providers
        self.defaultProvider = defaultProvider
        self.dial = dial
        self.spareKeys = spareKeys
    }

    /// The provider behind `zone`; the default one for a zone without its own.
    package func provider(of zone: Zone) -> Provider {
        providers[zone] ?? defaultProvider
    }
}

/// Where a refused provider key is followed by the one before it.
package struct SpareKeys: Equatable, Sendable {
    /// The zones that have a previous key.
    package var zones: Set<Zone>
    /// Tenants with keys of their own: in those zones the zone's keys are not theirs, the previous one no more than the
    /// current.
    package var ownKeys: [TenantName: Set<Zone>]

    package init(zones: Set<Zone> = [], ownKeys: [TenantName: Set<Zone>] = [:]) {
        self.zones = zones
        self.ownKeys = ownKeys
    }

    /// Whether the tenant's sessions in the zone have a previous key.
    package func has(_ tenant: TenantName, in zone: Zone) -> Bool {
        zones.contains(zone) && ownKeys[tenant]?.contains(zone) != true
    }
}
