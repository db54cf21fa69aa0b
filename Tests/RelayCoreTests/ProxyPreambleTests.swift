import RelayCore
import Testing

@Suite struct ProxyPreambleTests {
    @Test func everyFaultHasAWordForTheLogAndASentence() {
        #expect(ProxyPreambleFault.allCases.allSatisfy { $0.rawValue.hasPrefix("proxy-") && !$0.sentence.isEmpty })
        #expect(Set(ProxyPreambleFault.allCases.map(\.sentence)).count == ProxyPreambleFault.allCases.count)
    }
}
