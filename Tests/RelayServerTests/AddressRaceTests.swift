import Reactor
import Testing
import Timing

@testable import RelayServer

@Suite struct AddressRaceTests {
    private let start = Instant(nanoseconds: 5_000_000_000)

    private func addresses(_ hosts: String) -> [SocketAddress] {
        hosts.split(separator: " ").compactMap { SocketAddress(literal: String($0), port: 443) }
    }

    /// Everything a race hands out when each attempt fails at once.
    private func order(_ hosts: String) -> String {
        var race = AddressRace()
        race.enter(addresses(hosts))
        var order: [String] = []
        while let address = race.next(now: start) {
            order.append(address.host)
            race.attemptFailed(now: start)
        }
        #expect(race.isLost)
        return order.joined(separator: " ")
    }

    @Test(arguments: [
        ("", ""), ("10.0.0.1", "10.0.0.1"), ("::1 ::2", "::1 ::2"),
        ("::1 ::2 ::3 10.0.0.1 10.0.0.2", "::1 10.0.0.1 ::2 10.0.0.2 ::3"),
        ("10.0.0.1 10.0.0.2 10.0.0.3 ::1", "10.0.0.1 ::1 10.0.0.2 10.0.0.3"),
        ("10.0.0.1 ::1 ::2", "10.0.0.1 ::1 ::2"),
        // One host written twice is one address.
        ("10.0.0.1 ::ffff:10.0.0.1 ::1 10.0.0.1", "10.0.0.1 ::1"),
    ])
    func theFamiliesAlternateBeginningWithThePreferredOne(resolved: String, tried: String) {
        #expect(order(resolved) == tried)
    }

    @Test func aSilentAddressIsFollowedByTheNextAfterAMoment() {
        var race = AddressRace()
        race.enter(addresses("::1 10.0.0.1 ::2"))
        #expect(race.next(now: start)?.host == "::1")
        #expect(race.next(now: start) == nil)
        #expect(race.nextDue == start + .milliseconds(250))
        #expect(race.next(now: start + .milliseconds(249)) == nil)
        #expect(race.next(now: start + .milliseconds(250))?.host == "10.0.0.1")
        #expect(race.nextDue == start + .milliseconds(500))
        #expect(!race.isLost && race.inFlight == 2)
    }

    @Test func aFailureIsFollowedByTheNextAtOnce() {
        var race = AddressRace()
        race.enter(addresses("::1 10.0.0.1"))
        _ = race.next(now: start)
        let moment = start + .milliseconds(3)
        race.attemptFailed(now: moment)
        #expect(race.nextDue == moment)
        #expect(race.next(now: moment)?.host == "10.0.0.1")
        #expect(!race.isLost)
        race.attemptFailed(now: moment)
        #expect(race.isLost && race.nextDue == nil)
    }

    @Test func noMoreThanAFewAreTriedAtOnce() {
        var race = AddressRace()
        race.enter(addresses((1...16).map { "10.0.0.\($0)" }.joined(separator: " ")))
        var now = start
        for _ in 1...AddressRace.maxInFlight {
            #expect(race.next(now: now) != nil)
            now = now + .seconds(1)
        }
        #expect(race.nextDue == nil && race.next(now: now) == nil && !race.isLost)
        race.attemptFailed(now: now)
        #expect(race.next(now: now)?.host == "10.0.0.5")
    }

    @Test func whatWasTriedIsNotTriedAgain() {
        var race = AddressRace()
        race.enter(addresses("10.0.0.1 10.0.0.2"))
        while race.next(now: start) != nil { race.attemptFailed(now: start) }
        race.enter(addresses("10.0.0.2 10.0.0.1"))
        #expect(race.isLost)
        race.enter(addresses("10.0.0.2 10.0.0.3"))
        #expect(race.next(now: start)?.host == "10.0.0.3")
        #expect(race.next(now: start + .seconds(9)) == nil)
    }
}
