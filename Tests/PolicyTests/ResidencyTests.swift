import Testing

@testable import Policy

@Suite struct ResidencyTests {
    @Test func edgeSatisfiesNeitherUsNorEu() {
        #expect(!Residency.zones(.us).admits(.edge))
        #expect(!Residency.zones(.us, .eu).admits(.edge))
        #expect(!Residency.zones(.edge).admits(.us))
        #expect(!Residency.zones(.edge).admits(.eu))
        #expect(Residency.any.admits(.eu))
    }

    @Test func onlyAResidencyThatAdmitsEdgeAdmitsEverySite() {
        #expect(Residency.any.admitsEverySite)
        #expect(Residency.zones(.us, .edge).admitsEverySite)
        #expect(!Residency.zones(.us, .eu).admitsEverySite)
    }

    @Test func aListIsNeverEmptyAndRepeatsNothing() {
        #expect(ZoneList([]) == nil)
        #expect(ZoneList([.us, .eu, .us, .eu])?.zones == [.us, .eu])
        #expect(Residency.zones(.eu, .us).description == "eu, us")
        #expect(Residency.any.description == "any")
    }
}
