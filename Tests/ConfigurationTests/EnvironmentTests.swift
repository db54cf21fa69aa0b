import Crypto
import Glibc
import Testing

@testable import Configuration

@Suite struct EnvironmentTests {
    @Test func itHoldsWhatItIsGiven() {
        let environment: Environment = ["KEY": "value", "EMPTY": ""]
        #expect(environment.value(of: "KEY") == Secret("value"))
        #expect(environment.value(of: "EMPTY")?.count == 0)
        #expect(environment.value(of: "PATH") == nil)
    }

    @Test func aVariableOfTheProcessIsTakenOutOfItsMemory() {
        setenv("TIDEGATE_TEST_KEY", "hush", 1)
        defer { unsetenv("TIDEGATE_TEST_KEY") }
        let memory = getenv("TIDEGATE_TEST_KEY")
        #expect(Environment.process.value(of: "TIDEGATE_TEST_KEY") == Secret("hush"))
        #expect((0..<4).map { memory?[$0] } == [0, 0, 0, 0])
        // A reload asks again.
        #expect(Environment.process.value(of: "TIDEGATE_TEST_KEY") == Secret("hush"))
    }

    @Test func aVariableThatIsNotSetMayBeLater() {
        #expect(Environment.process.value(of: "TIDEGATE_TEST_UNSET") == nil)
        setenv("TIDEGATE_TEST_UNSET", "x", 1)
        defer { unsetenv("TIDEGATE_TEST_UNSET") }
        #expect(Environment.process.value(of: "TIDEGATE_TEST_UNSET") == Secret("x"))
    }
}
