import HTTP
import JSON

/// One thing that is wrong with a request for a token, in the provider's own form (its contract, section 3.1): programs that
/// mint its tokens show what they are told.
struct TokenFault: Equatable {
    private let type: String
    private let place: Place
    private let name: String
    private let message: String
    /// What stood there.
    private var input: String?
    private var context: [UInt8]?

    /// Where a value belongs.
    enum Place: String {
        case query
        case header
    }

    /// A value that must be there is not.
    static func missing(_ name: String, in place: Place) -> TokenFault {
        TokenFault(type: "missing", place: place, name: name, message: "Field required")
    }

    static func noNumber(_ name: String, _ input: String) -> TokenFault {
        TokenFault(
            type: "int_parsing", place: .query, name: name,
            message: "Input should be a valid integer, unable to parse string as an integer", input: input)
    }

    static func tooSmall(_ name: String, _ input: String, least: Int) -> TokenFault {
        TokenFault(
            type: "greater_than_equal", place: .query, name: name,
            message: "Input should be greater than or equal to \(least)", input: input, context: bound("ge", least))
    }

    static func tooLarge(_ name: String, _ input: String, most: Int) -> TokenFault {
        TokenFault(
            type: "less_than_equal", place: .query, name: name,
            message: "Input should be less than or equal to \(most)", input: input, context: bound("le", most))
    }

    /// For Tidegate's own parameters: `sentence` says what is accepted.
    static func unacceptable(_ name: String, _ input: String, _ sentence: String) -> TokenFault {
        TokenFault(type: "value_error", place: .query, name: name, message: "Value error, \(sentence)", input: input)
    }

    /// The body of the answer that tells them all.
    static func json(of faults: [TokenFault]) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member("detail", json: JSONText.array(faults.map(\.json)))
        return object.json
    }

    private var json: [UInt8] {
        var object = JSONObjectWriter()
        object.member("type", type)
        object.member("loc", json: JSONText.array([place.rawValue, name].map { Array(JSONText.quoted($0).utf8) }))
        object.member("msg", message)
        if let input { object.member("input", input) }
        if let context { object.member("ctx", json: context) }
        return object.json
    }

    private static func bound(_ name: String, _ value: Int) -> [UInt8] {
        var object = JSONObjectWriter()
        object.member(name, value)
        return object.json
    }
}
