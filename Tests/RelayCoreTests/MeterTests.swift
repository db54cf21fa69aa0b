import Testing

@testable import RelayCore

@Suite struct MeterTests {
    @Test func aMeterCountsFramesAndTheirPayload() {
        var meter = Meter()
        meter.count(frameOf: 0)
        meter.count(frameOf: 3200)
        #expect(meter == Meter(frames: 2, bytes: 3200))
    }

    @Test func noLengthTheWireCanNameMakesItTrap() {
        var meter = Meter()
        for _ in 0..<3 { meter.count(frameOf: .max >> 1) }
        #expect(meter.frames == 3)
    }
}
