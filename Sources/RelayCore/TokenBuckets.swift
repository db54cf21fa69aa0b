import Timing

/// A bucket of tokens for each of any number of parties, in memory that is fixed, whatever comes.
///
/// A party has no entry of its own, but a place in each of four rows, shared with whoever else hashes there, and its bucket is
/// the fullest of the four (a count-min sketch with conservative updates). So nothing is evicted and no history lost. The hash
/// is keyed for each process (`Hasher`), so that nobody can choose whom to share places with.
struct TokenBuckets: Sendable {
    private let widthBits: Int
    /// Row by row.
    private var places: [TokenBucket]

    static let rows = 4

    /// All of them full.
    ///
    /// - Parameter widthBits: places of a row, as a power of two; at most 16, for a hash has bits for every row.
    init(widthBits: Int) {
        self.widthBits = widthBits
        places = [TokenBucket](repeating: TokenBucket(), count: Self.rows << widthBits)
    }

    /// Somebody who has a bucket, as a keyed hash that tells nothing of it.
    struct Party: Sendable {
        private let hash: UInt64

        init(_ kind: some Hashable, _ value: some Hashable) {
            var hasher = Hasher()
            hasher.combine(kind)
            hasher.combine(value)
            hash = UInt64(truncatingIfNeeded: hasher.finalize())
        }

        fileprivate func place(in row: Int, widthBits: Int) -> Int {
            let bits = hash >> UInt64(row * widthBits)
            return row << widthBits + Int(truncatingIfNeeded: bits) & (1 << widthBits - 1)
        }
    }

    /// How long until the party's bucket holds a token; nil when it does now.
    func wait(of party: Party, by rule: TokenBucket.Rule, now: Instant) -> Duration? {
        bucket(of: party).wait(by: rule, now: now)
    }

    /// Takes a token from the party's bucket, whether there is one or not.
    mutating func take(of party: Party, by rule: TokenBucket.Rule, now: Instant) {
        var bucket = bucket(of: party)
        bucket.take(by: rule, now: now)
        // A place that others have emptied further stays as it is.
        for row in 0..<Self.rows where places[place(of: party, in: row)].isFuller(than: bucket) {
            places[place(of: party, in: row)] = bucket
        }
    }

    private func bucket(of party: Party) -> TokenBucket {
        var fullest = places[place(of: party, in: 0)]
        for row in 1..<Self.rows {
            let bucket = places[place(of: party, in: row)]
            if bucket.isFuller(than: fullest) { fullest = bucket }
        }
        return fullest
    }

    private func place(of party: Party, in row: Int) -> Int {
        party.place(in: row, widthBits: widthBits)
    }
}
