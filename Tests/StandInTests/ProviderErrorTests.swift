import StandIn
import Testing

@Suite struct ProviderErrorTests {
    @Test(arguments: [UInt16(1008), 1009, 1011, 3005, 3006, 3007, 3008, 3009, 4999])
    func aNamedErrorHasItsCode(_ code: UInt16) {
        #expect(ProviderError.named(code).code == code)
    }

    @Test func theRateFaultNamesBothTimes() {
        #expect(
            ProviderError.transmissionRate(audio: 7.306, elapsed: 0.74).text
                == "Audio Transmission Rate Exceeded: Received 7.31 sec. audio in 0.74 sec")
    }
}
