/// What a command cannot do, as a sentence.
struct CommandError: Error, CustomStringConvertible {
    let message: String
    var description: String { message }
}
