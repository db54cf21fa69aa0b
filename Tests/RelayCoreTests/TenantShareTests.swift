import Testing
import Timing

@testable import RelayCore

@Suite struct TenantShareTests {
    private let now = Instant(nanoseconds: 1_000_000_000_000)

    @Test func whoeverHasNothingTellsNothing() {
        var share = TenantShare()
        #expect(share.isEmpty)
        let report = share.nextReport(isDue: false, now: now)
        #expect(report == nil)
    }

    @Test func newcomersAreToldTogetherWithWhatIsHeld() {
        var share = TenantShare()
        share.enter()
        share.wait("a")
        share.wait("b")
        let report = share.nextReport(isDue: false, now: now)
        #expect(report == TenantShare.Report(held: 1, newcomers: ["a", "b"], sentAt: now))
        let (admitted, refused) = share.answered(places: 1)
        #expect(Array(admitted) == ["a"] && Array(refused) == ["b"])
        #expect(share.held == 2 && share.knownSince == now)
    }

    @Test func oneReportIsUnderWayAndWhoComesMeanwhileGoesWithTheNext() {
        var share = TenantShare()
        share.wait("a")
        _ = share.nextReport(isDue: false, now: now)
        share.wait("b")
        share.wait("c")
        let second = share.nextReport(isDue: true, now: now)
        #expect(second == nil)
        _ = share.answered(places: 1)
        let third = share.nextReport(isDue: false, now: now + .seconds(1))
        #expect(third == TenantShare.Report(held: 1, newcomers: ["b", "c"], sentAt: now + .seconds(1)))
    }

    @Test func aPlaceThatIsFreeIsToldAtOnce() {
        var share = TenantShare()
        share.wait("a")
        _ = share.nextReport(isDue: false, now: now)
        _ = share.answered(places: 1)
        let idle = share.nextReport(isDue: false, now: now)
        #expect(idle == nil && !share.isEmpty)
        share.leave()
        let report = share.nextReport(isDue: false, now: now)
        #expect(report?.held == 0)
        _ = share.answered(places: 0)
        #expect(share.isEmpty)
    }

    @Test func aSessionThatEndsWhileItIsToldIsToldAgain() {
        var share = TenantShare()
        share.wait("a")
        _ = share.nextReport(isDue: false, now: now)
        _ = share.answered(places: 1)
        _ = share.nextReport(isDue: true, now: now)
        share.leave()
        _ = share.answered(places: 0)
        let report = share.nextReport(isDue: false, now: now)
        #expect(report?.held == 0)
    }

    @Test func thoseWhoGetNoAnswerAreAllNamed() {
        var share = TenantShare()
        share.wait("a")
        _ = share.nextReport(isDue: false, now: now)
        share.wait("b")
        let lost = share.failed()
        #expect(lost == ["a", "b"] && share.isEmpty)
        // An answer that comes too late gives nobody a place.
        let (admitted, refused) = share.answered(places: 1)
        #expect(admitted.isEmpty && refused.isEmpty && share.held == 0)
    }

    @Test func whenNobodyIsToBeAskedAnyMoreWhoeverWaitsHasAPlace() {
        var share = TenantShare()
        share.wait("a")
        _ = share.nextReport(isDue: false, now: now)
        share.wait("b")
        share.wait("c")
        let admitted = share.admitAll()
        #expect(admitted == ["b", "c"] && share.held == 2)
        let (told, _) = share.answered(places: 1)
        #expect(Array(told) == ["a"] && share.held == 3)
    }

    @Test(arguments: [-5, 0, 7]) func anAnswerThatCannotBeGivesNoMoreThanWasAskedFor(places: Int) {
        var share = TenantShare()
        share.wait("a")
        _ = share.nextReport(isDue: false, now: now)
        _ = share.answered(places: places)
        #expect(share.held == min(1, max(0, places)))
    }

    @Test func aCrowdGoesInParts() {
        var share = TenantShare()
        for number in 0..<1000 { share.wait("\(number)") }
        var told = 0
        while let report = share.nextReport(isDue: false, now: now) {
            #expect(report.held == told)
            told += report.newcomers.count
            _ = share.answered(places: report.newcomers.count)
        }
        #expect(told == 1000 && share.held == 1000)
    }

    @Test func nobodyLeavesWhoIsNotThere() {
        var share = TenantShare()
        share.leave()
        #expect(share.held == 0)
    }
}
