/// Reads that cannot trap, for parsers: bytes from a peer may lead to any offset.
extension RawSpan {
    /// The byte at `offset`, or nil when the span has no such byte.
    @inlinable package func byte(at offset: Int) -> UInt8? {
        guard offset >= 0, offset < byteCount else { return nil }
        return unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The first offset at or after `start` that holds `byte`, or nil.
    @inlinable package func firstOffset(of byte: UInt8, from start: Int) -> Int? {
        var offset = max(start, 0)
        while offset < byteCount {
            if unsafeLoad(fromByteOffset: offset, as: UInt8.self) == byte { return offset }
            offset &+= 1
        }
        return nil
    }
}

extension [UInt8] {
    /// A copy of the span's bytes.
    @inlinable package init(_ span: RawSpan) {
        self = span.withUnsafeBytes { Array($0) }
    }
}
