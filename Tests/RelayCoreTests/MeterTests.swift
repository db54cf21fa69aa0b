import Testing

@testable import RelayCore

@Suite struct MeterTests {
    @Test func aMeterCountsFramesAndTheirPayload() {
        var meter = Meter()
        meter.count(frameOf: 0)
        meter.count(frameOf: 3200)
        #expect(meter == Meter(frames: 2, bytes: 3200))
    }

    @Test func metersAddUp() {
        var total = Meter(frames: 1, bytes: 2)
        total += Meter(frames: 3, bytes: .max)
        #expect(total == Meter(frames: 4, bytes: 1))
    }

    @Test func noLengthTheWireCanNameMakesItTrap() {
        var meter = Meter()
        for _ in 0..<3 { meter.count(frameOf: .max >> 1) }
        #expect(meter.frames == 3)
    }
}
