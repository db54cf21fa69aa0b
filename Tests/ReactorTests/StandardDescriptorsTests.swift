import Glibc
import Testing

@testable import Reactor

@Suite struct StandardDescriptorsTests {
    @Test func thoseThatAreClosedLeadNowhereAndTheOthersStay() async {
        await #expect(processExitsWith: .success) {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0, dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO else { exit(1) }
            close(STDIN_FILENO)
            close(STDERR_FILENO)
            try StandardDescriptors.fill()
            // A socket opened now takes another number.
            let next = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard next > STDERR_FILENO, write(STDERR_FILENO, "x", 1) == 1, write(STDOUT_FILENO, "y", 1) == 1 else {
                exit(2)
            }
            var byte: UInt8 = 0
            exit(read(ends[0], &byte, 1) == 1 && byte == UInt8(ascii: "y") ? 0 : 3)
        }
    }
}
