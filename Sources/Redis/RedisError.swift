/// Why what came is not what a Redis server answers.
package enum RedisError: Error, Equatable, Sendable {
    /// It breaks the protocol.
    case malformed
    /// An answer is larger than any that is asked for.
    case tooLarge
}
