import Testing
import Timing

@testable import RelayCore

@Suite struct AudioPaceTests {
    /// What a client achieves that has all its audio ready, in messages of 100 ms, or as much of it as it has spoken.
    private struct Run {
        let rate: Double
        /// Audio passed, with the second it passed at.
        private(set) var passed: [(at: Double, audio: Double)] = []
        private(set) var waits = 0

        init(rate: Double, seconds: Double, speaking speed: Double = .infinity, from start: Double = 1000) {
            self.rate = rate
            var pace = AudioPace(rate: rate)
            let chunk = 0.1
            var now = start
            var total = 0.0
            var allowed = 0.0
            while now < start + seconds {
                if total >= allowed - 1e-9 {
                    pace.note(.nanoseconds(Int64(total * 1e9)), now: at(now))
                    switch pace.step(now: at(now)) {
                    case .pass(let stretch): allowed = total + stretch.inSeconds
                    case .wait(let end):
                        waits += 1
                        now = max(now + 0.001, Double(end.nanoseconds) / 1e9)
                        continue
                    }
                }
                // It has to be spoken first.
                let spoken = speed.isInfinite ? now : start + (total + chunk) / speed
                now = max(now, spoken)
                total += chunk
                passed.append((now, chunk))
            }
        }

        private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: UInt64(seconds * 1e9)) }

        var total: Double { passed.map(\.audio).reduce(0, +) }

        /// The most that passed in any ten seconds.
        var most: Double {
            passed.indices.map { index in
                passed[index...].prefix { $0.at < passed[index].at + 10 }.map(\.audio).reduce(0, +)
            }.max() ?? 0
        }
    }

    @Test(arguments: [0.5, 1, 1.5, 4, 10]) func inNoTenSecondsMorePassesThanTheRateAdmits(rate: Double) {
        let run = Run(rate: rate, seconds: 60)
        // One message more, and what can pass while the oldest half second leaves.
        #expect(run.most <= rate * 10 + 0.1 + rate * 0.75)
    }

    @Test(arguments: [0.5, 1, 1.5, 4, 10]) func aClientThatIsTooFastHasItsRate(rate: Double) {
        let run = Run(rate: rate, seconds: 120)
        #expect(run.total >= rate * 120 * 0.95)
        #expect(run.total <= rate * 130 + 0.2)
    }

    @Test func halfOfTenSecondsMayComeAtOnce() {
        let run = Run(rate: 1.5, seconds: 0.001)
        #expect(run.total >= 7.5)
        #expect(run.total <= 10)
    }

    @Test(arguments: [(1.5, 1.0), (1.5, 1.4), (1.0, 0.9), (4, 1)])
    func whoeverKeepsToTheRateIsNeverHeld(rate: Double, speed: Double) {
        let run = Run(rate: rate, seconds: 300, speaking: speed)
        #expect(run.waits == 0)
        #expect(run.total >= speed * 300 - 0.3)
    }

    /// Nothing is lost to the rounding of time.
    @Test func whoeverSpeaksAtTheRateItselfKeepsUp() {
        let run = Run(rate: 1, seconds: 300, speaking: 1)
        #expect(run.total >= 299)
    }

    @Test func whoeverIsTooFastIsHeldShortly() {
        var pace = AudioPace(rate: 1)
        var now = Instant(nanoseconds: 1_000_000_000_000)
        var total = Duration.zero
        var longest = Duration.zero
        for _ in 0..<2000 {
            switch pace.step(now: now) {
            case .pass(let stretch):
                total += stretch
                pace.note(total, now: now)
            case .wait(let end):
                longest = max(longest, end.duration(since: now))
                now = end
            }
        }
        #expect(longest <= .seconds(1))
    }

    @Test(arguments: [1e-9, 1e18]) func noRateTraps(rate: Double) {
        var pace = AudioPace(rate: rate)
        for nanoseconds in [0, 1, UInt64.max, 0] {
            let now = Instant(nanoseconds: nanoseconds)
            pace.note(.seconds(1_000_000), now: now)
            _ = pace.step(now: now)
        }
    }
}
