import StandIn
import Testing

@Suite struct FaultBookTests {
    private let refusal = [Fault(.status(503, body: nil))]
    private let reset = [Fault(.reset, at: .accept)]

    @Test func faultsStrikeTheirZoneAndNoOther() {
        var book = FaultBook()
        book.add(refusal, zone: "eu")
        #expect(book.takeForRequest(zone: "us").isEmpty)
        #expect(book.takeForRequest(zone: "eu") == refusal)
        #expect(book.takeForRequest(zone: "eu") == refusal)
    }

    @Test func faultsForSomeTimesAreUsedUpInTheOrderTheyCame() {
        var book = FaultBook()
        let second = [Fault(.reset)]
        book.add(refusal, zone: "eu", times: 2)
        book.add(second, zone: "eu", times: 1)
        #expect((1...4).map { _ in book.takeForRequest(zone: "eu") } == [refusal, refusal, second, []])
    }

    @Test func onlyConnectionFaultsAreTakenAtTheAccept() {
        var book = FaultBook()
        book.add(refusal, zone: "eu", times: 1)
        book.add(reset, zone: "eu", times: 1)
        #expect(book.takeForConnection(zone: "eu") == reset)
        #expect(book.takeForConnection(zone: "eu").isEmpty)
        #expect(book.takeForRequest(zone: "eu") == refusal)
    }

    @Test func clearingForgetsOneZoneOrAll() {
        var book = FaultBook()
        book.add(refusal, zone: "eu")
        book.add(refusal, zone: "us")
        book.clear(zone: "eu")
        #expect(book.takeForRequest(zone: "eu").isEmpty)
        #expect(!book.takeForRequest(zone: "us").isEmpty)
        book.clear()
        #expect(book.takeForRequest(zone: "us").isEmpty)
    }

    @Test func noTimesIsNoFault() {
        var book = FaultBook()
        book.add(refusal, zone: "eu", times: 0)
        #expect(book.takeForRequest(zone: "eu").isEmpty)
    }
}
