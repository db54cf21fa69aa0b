import Testing

@testable import WebSocket

@Suite struct UpgradeFailureTests {
    @Test(
        arguments: [
            (300, .redirect(300)), (399, .redirect(399)), (299, .status(299)), (402, .status(402)), (400, .status(400)),
            (0, .status(0)),
        ] as [(Int, UpgradeFailure)])
    func aStatusIsOneKindOfFailure(status: Int, failure: UpgradeFailure) {
        #expect(UpgradeFailure(status: status) == failure)
    }
}
