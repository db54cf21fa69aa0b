import RelayCore
import Telemetry

/// Adds up what the present sessions of a loop have carried: a line for each zone and tenant, which a session is told when its
/// upstream opens, so that asking for all of them costs a few additions a session.
struct TrafficBook {
    private struct Place: Hashable {
        let zone: String
        let tenant: String
    }

    /// What the sessions of one line have carried.
    private struct Sum {
        var sessions = 0
        var up = Meter()
        var down = Meter()
        var audio = Duration.zero
    }

    private var places: [Place] = []
    private var lines: [Place: Int] = [:]

    /// The line of these labels; it stays the same.
    mutating func line(zone: String, tenant: String) -> Int {
        let place = Place(zone: zone, tenant: tenant)
        if let line = lines[place] { return line }
        lines[place] = places.count
        places.append(place)
        return places.count - 1
    }

    /// Adds what `drivers` have carried so far.
    func add(_ drivers: some Sequence<SessionDriver>, to metrics: inout Metrics) {
        var sums = Array(repeating: Sum(), count: places.count)
        for driver in drivers {
            guard let line = driver.trafficLine else { continue }
            let (up, down) = driver.traffic
            sums[line].sessions += 1
            sums[line].up += up
            sums[line].down += down
            if let audio = driver.audio { sums[line].audio += audio }
        }
        for (place, sum) in zip(places, sums) {
            metrics.add(.sessionsOpen, place.zone, by: Double(sum.sessions))
            metrics.add(.tenantSessionsOpen, place.zone, place.tenant, by: Double(sum.sessions))
            metrics.addTraffic(up: sum.up, down: sum.down, sum.audio, zone: place.zone, tenant: place.tenant)
        }
    }
}

extension Metrics {
    /// What one session, or several, carried in a zone; nil: for a tenant that is not known.
    mutating func addTraffic(up: Meter, down: Meter, _ audio: Duration?, zone: String, tenant: String?) {
        for (direction, meter) in [("up", up), ("down", down)] {
            add(.frames, zone, direction, by: Double(meter.frames))
            add(.bytes, zone, direction, by: Double(meter.bytes))
            guard let tenant else { continue }
            add(.tenantFrames, zone, tenant, direction, by: Double(meter.frames))
            add(.tenantBytes, zone, tenant, direction, by: Double(meter.bytes))
        }
        guard let audio else { return }
        add(.audioSeconds, zone, by: audio.inSeconds)
        if let tenant { add(.tenantAudioSeconds, zone, tenant, by: audio.inSeconds) }
    }
}
