extension Array {
    /// The elements in pieces of random length from 1 to `longest`.
    func split(longest: Int, using random: inout some RandomNumberGenerator) -> [[Element]] {
        var pieces: [[Element]] = []
        var start = 0
        while start < count {
            let end = Swift.min(count, start + Int.random(in: 1...longest, using: &random))
            pieces.append(Array(self[start..<end]))
            start = end
        }
        return pieces
    }
}
