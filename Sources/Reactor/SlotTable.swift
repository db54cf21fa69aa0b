/// A table whose keys go stale: a key names a slot and the generation of what was put there, so that a key kept too
/// long finds nothing, even after its slot is used again.
struct SlotTable<Value> {
    private struct Slot {
        var generation: UInt32
        var value: Value?
    }

    private var slots: ContiguousArray<Slot> = []
    private var free: [UInt32] = []

    /// Values in the table.
    var count: Int { slots.count - free.count }

    /// All values, in no order.
    var values: [Value] { slots.compactMap(\.value) }

    /// The value of a key, `nil` once it has been removed.
    subscript(key: SlotKey) -> Value? {
        let index = Int(key.index)
        guard index < slots.count, slots[index].generation == key.generation else { return nil }
        return slots[index].value
    }

    mutating func insert(_ value: Value) -> SlotKey {
        if let index = free.popLast() {
            slots[Int(index)].value = value
            return SlotKey(index: index, generation: slots[Int(index)].generation)
        }
        // Both tables are bounded far below 2³² by the descriptors a process may have.
        let key = SlotKey(index: UInt32(truncatingIfNeeded: slots.count), generation: 0)
        slots.append(Slot(generation: 0, value: value))
        return key
    }

    /// Changes the value of a key in place; does nothing when the key is stale.
    mutating func update(_ key: SlotKey, _ change: (inout Value) -> Void) {
        guard self[key] != nil, var value = slots[Int(key.index)].value.take() else { return }
        change(&value)
        slots[Int(key.index)].value = value
    }

    /// Takes the value out; from here on the key is stale.
    mutating func remove(_ key: SlotKey) -> Value? {
        guard let value = self[key] else { return nil }
        slots[Int(key.index)].value = nil
        slots[Int(key.index)].generation &+= 1
        free.append(key.index)
        return value
    }
}

/// Where in a `SlotTable` a value stands, and which of the values that stood there is meant.
struct SlotKey: Hashable {
    let index: UInt32
    let generation: UInt32
}
