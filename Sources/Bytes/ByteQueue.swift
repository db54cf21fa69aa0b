// Bytes: the one buffer of the data path and bounds-checked reads of a span.
//
// It knows memory and nothing else: no descriptor, no protocol, no limit. How much a queue may hold is its owner's
// rule. Called by every target that receives or sends bytes. Hot members are `@inlinable`, so that appending and
// consuming cost no call across targets.

/// A first-in, first-out queue of bytes in one region of memory: appended at the tail, consumed at the head, and
/// readable in place as one contiguous view.
///
/// A queue that `consume` empties gives its memory back, so that an idle session holds no buffer; a scratch buffer that
/// serves a whole loop is made with `keepsStorage: true` and keeps what it has grown to.
/// Belongs to one thread at a time. Owns its memory until it is destroyed. Public, although no other package sees it:
/// the compiler inlines members of public types alone into other targets.
///
/// ```
///  base          head                tail            capacity
///   │  consumed   │      content      │    spare       │
/// ```
public struct ByteQueue: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer?
    @usableFromInline var head = 0
    @usableFromInline var tail = 0
    @usableFromInline var capacity = 0
    @usableFromInline let keepsStorage: Bool

    /// An empty queue; it allocates nothing until the first byte.
    @inlinable package init(keepsStorage: Bool = false) {
        self.keepsStorage = keepsStorage
    }

    deinit {
        base?.deallocate()
    }

    /// How many bytes wait to be consumed.
    @inlinable package var count: Int { tail &- head }

    /// Whether nothing waits to be consumed.
    @inlinable package var isEmpty: Bool { head == tail }

    /// Whether the queue holds memory, be it empty or not.
    @inlinable package var holdsStorage: Bool { base != nil }

    /// How many bytes of memory the queue holds, content or not.
    @inlinable package var storageByteCount: Int { capacity }

    /// Adds bytes at the tail.
    @inlinable package mutating func append(_ bytes: RawSpan) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Adds bytes at the tail.
    @inlinable package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Adds one byte at the tail.
    @inlinable package mutating func append(_ byte: UInt8) {
        makeRoom(for: 1).storeBytes(of: byte, as: UInt8.self)
        tail &+= 1
    }

    /// Adds bytes at the tail. They must lie outside this queue.
    @inlinable package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, bytes.count > 0 else { return }
        makeRoom(for: bytes.count).copyMemory(from: source, byteCount: bytes.count)
        tail &+= bytes.count
    }

    /// Drops up to `count` bytes from the head: all there are when there are fewer, none when it is negative.
    @inlinable package mutating func consume(_ count: Int) {
        head &+= min(max(count, 0), self.count)
        if head == tail { removeAll(keepingCapacity: keepsStorage) }
    }

    /// As `consume`, for bytes that were a credential: they are overwritten where they lay.
    package mutating func wipe(_ count: Int) {
        let count = min(max(count, 0), self.count)
        if let base { (base + head).initializeMemory(as: UInt8.self, repeating: 0, count: count) }
        consume(count)
    }

    /// All content, first byte first. The view ends with the next change to the queue.
    @inlinable package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            _overrideLifetime(RawSpan(_unsafeBytes: content), borrowing: self)
        }
    }

    /// Lends all content, for system calls. The pointer is valid only inside `body`.
    ///
    /// Throws what `body` throws.
    @inlinable package func withUnsafeBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(content)
    }

    /// Lends spare memory behind the tail, for system calls that write, and appends as much as `body` says it wrote.
    ///
    /// The buffer has at least `minimumCapacity` bytes and is valid only inside `body`; its content is not initialised.
    /// `body` gives back how many bytes it wrote from the buffer's start: 0 or less appends nothing, more than the
    /// buffer holds is a fault of ours and traps. Returns the number appended. Throws what `body` throws, and then
    /// appends nothing.
    @discardableResult
    @inlinable package mutating func withUninitializedTail<Failure: Error>(
        minimumCapacity: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        let start = makeRoom(for: max(minimumCapacity, 1))
        defer { if head == tail { removeAll(keepingCapacity: keepsStorage) } }
        let room = UnsafeMutableRawBufferPointer(start: start, count: capacity &- tail)
        let written = max(try body(room), 0)
        precondition(written <= room.count, "more bytes written than the queue lent")
        tail &+= written
        return written
    }

    /// Drops all content; gives the memory back unless `keepingCapacity`.
    @inlinable package mutating func removeAll(keepingCapacity: Bool) {
        head = 0
        tail = 0
        if !keepingCapacity { releaseStorage() }
    }

    /// Gives the memory of an empty queue back, whatever `keepsStorage` says. Does nothing while there is content.
    @inlinable package mutating func releaseStorage() {
        guard isEmpty, let region = base else { return }
        region.deallocate()
        base = nil
        (head, tail, capacity) = (0, 0, 0)
    }
}

extension ByteQueue {
    @inlinable var content: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base.map { UnsafeRawPointer($0 + head) }, count: count)
    }

    /// The address of the tail, with at least `needed` spare bytes behind it.
    @inlinable mutating func makeRoom(for needed: Int) -> UnsafeMutableRawPointer {
        if let base, needed <= capacity &- tail { return base + tail }
        return relocate(toFit: needed)
    }

    /// Moves the content to the start of a region that can take `needed` bytes more.
    ///
    /// The old region serves again when the content fills no more than half of it: then each byte moved was paid for by
    /// at least one byte consumed, and appending stays constant time on average.
    @usableFromInline mutating func relocate(toFit needed: Int) -> UnsafeMutableRawPointer {
        let count = self.count
        let required = count + needed
        if let base, required <= capacity, count <= capacity / 2 {
            base.copyMemory(from: base + head, byteCount: count)
            (head, tail) = (0, count)
            return base + count
        }
        var newCapacity = max(capacity, Self.smallestCapacity)
        while newCapacity < required { newCapacity *= 2 }
        if newCapacity == capacity { newCapacity *= 2 }
        let region = UnsafeMutableRawPointer.allocate(byteCount: newCapacity, alignment: Self.alignment)
        if let base {
            region.copyMemory(from: base + head, byteCount: count)
            base.deallocate()
        }
        (base, head, tail, capacity) = (region, 0, count, newCapacity)
        return region + count
    }

    /// A control frame or a short text message fits without growing.
    private static var smallestCapacity: Int { 256 }

    /// What the allocator gives anyway; reads of eight bytes at the start are aligned.
    private static var alignment: Int { 16 }
}
