import Glibc
import Testing

@testable import Reactor

@Suite struct ProcessStatusTests {
    @Test func theManualsFieldsAreRead() throws {
        // Numbered as proc(5) numbers them, from the third on.
        var fields = (0...52).map { "\($0)" }
        fields[14...15] = ["250", "150"]
        fields[20] = "7"
        fields[22...24] = ["1000", "4096000", "10"]
        let line = "42 (a) name) " + fields[3...].joined(separator: " ") + "\n"
        let status = try #require(
            ProcessStatus(line, "cpu 1 2\nbtime 1700000000\n", descriptors: 5, ticksPerSecond: 100, pageBytes: 4096))
        #expect(status.processorSeconds == 4)
        #expect(status.startedAt == 1_700_000_010)
        #expect(status.threads == 7)
        #expect(status.virtualBytes == 4_096_000)
        #expect(status.residentBytes == 40_960)
        #expect(status.descriptors == 5)
    }

    @Test(arguments: ["", "1 (x", "1 (x) S 1 2", "1 (x) S a b c d e f g h i j k l m n o p q r s t u v w x y z"])
    func whatIsNoSuchFileIsNotRead(text: String) {
        #expect(ProcessStatus(text, "btime 1\n", descriptors: 0, ticksPerSecond: 100, pageBytes: 4096) == nil)
    }

    @Test func thisProcessIsAsItIs() throws {
        let before = try #require(ProcessStatus.read())
        #expect(before.residentBytes > 1 << 20 && before.virtualBytes >= before.residentBytes)
        #expect(before.threads >= 1)
        #expect(before.startedAt > 1_600_000_000 && before.startedAt <= Double(time(nil)) + 1)
        #expect(before.maxDescriptors == DescriptorLimit.current)
        // Others open and close descriptors meanwhile, but not so many.
        let opened = (0..<200).map { _ in dup(2) }
        #expect(try #require(ProcessStatus.read()).descriptors > before.descriptors + 100)
        for descriptor in opened { close(descriptor) }
        let end = before.processorSeconds + 0.05
        while try #require(ProcessStatus.read()).processorSeconds < end {}
    }
}
