import Bytes
import RelayTestKit
import Testing

@Suite struct ByteQueueTests {
    @Test func bytesComeOutInTheOrderTheyWentIn() {
        var queue = ByteQueue()
        queue.append([1, 2, 3])
        queue.append(4)
        queue.append(([5, 6] as [UInt8]).span.bytes)
        #expect(content(of: queue) == [1, 2, 3, 4, 5, 6])
        queue.consume(4)
        #expect(content(of: queue) == [5, 6])
    }

    @Test func anEmptyQueueHasNoContentAndNoStorage() {
        let queue = ByteQueue()
        let facts = (queue.count, queue.isEmpty, queue.holdsStorage)
        #expect(facts == (0, true, false))
        #expect(content(of: queue) == [])
    }

    @Test func appendingNothingAllocatesNothing() {
        var queue = ByteQueue()
        queue.append([])
        #expect(holdsStorage(queue) == false)
    }

    @Test func whatIsWipedIsOverwrittenWhereItLay() {
        var queue = ByteQueue(keepsStorage: true)
        queue.append([1, 2, 3, 4])
        let start = queue.withUnsafeBytes { $0.baseAddress }
        queue.wipe(3)
        #expect(content(of: queue) == [4])
        queue.wipe(9)
        let isEmpty = queue.isEmpty
        #expect(isEmpty)
        #expect(UnsafeRawBufferPointer(start: start, count: 4).elementsEqual([0, 0, 0, 0]))
    }

    @Test(arguments: [-1, Int.min, 0]) func consumingNothingChangesNothing(count: Int) {
        var queue = ByteQueue()
        queue.append([1, 2])
        queue.consume(count)
        #expect(content(of: queue) == [1, 2])
    }

    @Test(arguments: [2, 3, Int.max]) func consumingAllThereIsOrMoreEmptiesTheQueueAndFreesItsStorage(count: Int) {
        var queue = ByteQueue()
        queue.append([1, 2])
        queue.consume(count)
        #expect(content(of: queue) == [])
        #expect(holdsStorage(queue) == false)
    }

    @Test func aScratchQueueKeepsItsStorageWhenItBecomesEmpty() {
        var queue = ByteQueue(keepsStorage: true)
        queue.append([1, 2])
        queue.consume(2)
        #expect(holdsStorage(queue) == true)
        let size = queue.storageByteCount
        #expect(size >= 2)
        queue.releaseStorage()
        #expect(holdsStorage(queue) == false)
        queue.append([3])
        #expect(content(of: queue) == [3])
    }

    @Test func releasingStorageNeverLosesContent() {
        var queue = ByteQueue()
        queue.append([1, 2])
        queue.releaseStorage()
        #expect(content(of: queue) == [1, 2])
    }

    @Test(arguments: [true, false]) func removingAllKeepsTheCapacityOnlyWhenAsked(keeping: Bool) {
        var queue = ByteQueue()
        queue.append([1, 2])
        queue.removeAll(keepingCapacity: keeping)
        #expect(content(of: queue) == [])
        #expect(holdsStorage(queue) == keeping)
        queue.append([3])
        #expect(content(of: queue) == [3])
    }

    @Test func theLentTailHasTheRoomAskedForAndWhatIsWrittenIsAppended() {
        var queue = ByteQueue()
        queue.append([1])
        let appended = queue.withUninitializedTail(minimumCapacity: 5000) { room in
            #expect(room.count >= 5000)
            room[0] = 2
            room[1] = 3
            return 2
        }
        #expect(appended == 2)
        #expect(content(of: queue) == [1, 2, 3])
    }

    @Test(arguments: [0, -1]) func aReadThatBringsNothingLeavesNoStorageBehind(result: Int) {
        var queue = ByteQueue()
        let appended = queue.withUninitializedTail(minimumCapacity: 16) { _ in result }
        #expect(appended == 0)
        #expect(holdsStorage(queue) == false)
    }

    @Test func aThrowingBodyAppendsNothingAndLeavesNoStorageBehind() {
        var queue = ByteQueue()
        #expect(throws: ReadFailed.self) {
            try queue.withUninitializedTail(minimumCapacity: 16) { _ throws(ReadFailed) in throw ReadFailed() }
        }
        #expect(holdsStorage(queue) == false)
    }

    @Test func theUnsafeViewShowsTheSameBytesAsTheSpan() {
        var queue = ByteQueue()
        queue.append([1, 2, 3])
        queue.consume(1)
        let seen = queue.withUnsafeBytes { Array($0) }
        #expect(seen == [2, 3])
    }

    @Test func aQueueThatIsDrainedAsFastAsItIsFilledDoesNotGrow() {
        var queue = ByteQueue()
        queue.append([UInt8](repeating: 0, count: 100))
        for _ in 0..<1000 {
            queue.append([UInt8](repeating: 1, count: 100))
            queue.consume(100)
        }
        let room = queue.withUninitializedTail(minimumCapacity: 1) { room in
            #expect(room.count <= 512)
            return 0
        }
        #expect(room == 0)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func itBehavesLikeAnArrayOfBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = ByteQueue(keepsStorage: seed % 2 == 0)
        var model: [UInt8] = []
        for _ in 0..<200 {
            let bytes = (0..<Int.random(in: 0...300, using: &random)).map { UInt8(truncatingIfNeeded: $0) }
            switch Int.random(in: 0..<5, using: &random) {
            case 0:
                queue.append(bytes)
                model += bytes
            case 1:
                queue.append(bytes.span.bytes)
                model += bytes
            case 2:
                queue.append(7)
                model.append(7)
            case 3:
                queue.withUninitializedTail(minimumCapacity: bytes.count) { room in
                    room.copyBytes(from: bytes)
                    return bytes.count
                }
                model += bytes
            default:
                let count = Int.random(in: 0...500, using: &random)
                queue.consume(count)
                model.removeFirst(min(count, model.count))
            }
            #expect(content(of: queue) == model)
        }
    }
}

private struct ReadFailed: Error {}

private func content(of queue: borrowing ByteQueue) -> [UInt8] {
    let content = [UInt8](queue.bytes)
    let (count, isEmpty) = (queue.count, queue.isEmpty)
    #expect(count == content.count)
    #expect(isEmpty == content.isEmpty)
    return content
}

private func holdsStorage(_ queue: borrowing ByteQueue) -> Bool {
    queue.holdsStorage
}
