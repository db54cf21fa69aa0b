import Foundation
import Glibc
import Testing

@testable import Crypto

@Suite struct SecretMemoryTests {
    /// Small ones share pages; the largest has pages to itself.
    private static let sizes = [1, 31, 32, 33, 1000, 64 << 10, (64 << 10) + 1, 9 << 20]

    @Test(arguments: sizes) func itIsMemoryThatIsLeftOutOfDumps(size: Int) throws {
        let memory = SecretMemory.allocate(size)
        defer { SecretMemory.release(memory) }
        memory.initializeMemory(as: UInt8.self, repeating: 7)
        #expect(memory.count == size)
        let flags = try #require(kernelFlags(of: UInt(bitPattern: memory.baseAddress)))
        #expect(flags.contains("dd"))
    }

    @Test func ordinaryMemoryIsNotLeftOut() throws {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 100, alignment: 16)
        defer { memory.deallocate() }
        #expect(try #require(kernelFlags(of: UInt(bitPattern: memory.baseAddress))).contains("dd") == false)
    }

    @Test func whatIsGivenBackIsWiped() {
        let pattern = [UInt8](repeating: 0xA5, count: 48)
        let memory = SecretMemory.allocate(1000)
        memory.initializeMemory(as: UInt8.self, repeating: 0xA5)
        #expect(memory.count(of: pattern) > 0)
        SecretMemory.release(memory)
        // The heap is still mapped; another thread may have taken the block, but not with this in it.
        #expect(memory.count(of: pattern) == 0)
    }

    /// In a process of its own, because OpenSSL's handshakes need the same pages.
    @Test func whenTheSharedPagesAreFullThereIsMoreElsewhere() async {
        await #expect(processExitsWith: .success) {
            let all = (0..<200).map { _ in SecretMemory.allocate(64 << 10) }
            for memory in all {
                memory[0] = 1
                memory[memory.count - 1] = 1
            }
            guard kernelFlags(of: UInt(bitPattern: all[199].baseAddress))?.contains("dd") == true else { exit(1) }
            for memory in all { SecretMemory.release(memory) }
        }
    }

    @Test func manyThreadsTakeAndGiveBack() {
        DispatchQueue.concurrentPerform(iterations: 8) { thread in
            let mark = UInt8(thread)
            for round in 0..<400 {
                let memories = (1...8).map { SecretMemory.allocate($0 * (round % 40 + 1)) }
                for memory in memories { memory.initializeMemory(as: UInt8.self, repeating: mark) }
                for memory in memories {
                    if !memory.allSatisfy({ $0 == mark }) { Issue.record("two threads have the same memory") }
                    SecretMemory.release(memory)
                }
            }
        }
    }

    @Test func anyMemoryCanBeWiped() {
        var bytes: [UInt8] = [1, 2, 3]
        bytes.withUnsafeMutableBytes { SecretMemory.wipe($0) }
        #expect(bytes == [0, 0, 0])
        SecretMemory.wipe(UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }
}

/// The `VmFlags` of the mapping that holds an address (proc(5), smaps).
private func kernelFlags(of address: UInt) -> [Substring]? {
    guard let smaps = try? Secret.file("/proc/self/smaps", maxBytes: 16 << 20) else { return nil }
    var isInside = false
    for line in smaps.withBytes({ String(decoding: $0, as: UTF8.self) }).split(separator: "\n") {
        // `start-end modes …` begins a mapping; all other lines are `Name: …`.
        let bounds = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
        if bounds.count == 2 {
            isInside = bounds[0] <= address && address < bounds[1]
        } else if isInside, line.hasPrefix("VmFlags:") {
            return line.split(separator: " ")
        }
    }
    return nil
}

extension UnsafeMutableRawBufferPointer {
    fileprivate func count(of pattern: [UInt8]) -> Int {
        count < pattern.count
            ? 0 : (0...(count - pattern.count)).count { self[$0..<$0 + pattern.count].elementsEqual(pattern) }
    }
}
