/// Where something stands in a configuration file.
package struct Place: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The file as the user named it, or as a glob found it.
    package let file: String
    /// From 1.
    package let line: Int
    /// From 1, in Unicode scalars.
    package let column: Int

    package init(file: String, line: Int = 1, column: Int = 1) {
        self.file = file
        self.line = line
        self.column = column
    }

    package static func < (left: Place, right: Place) -> Bool {
        (left.file, left.line, left.column) < (right.file, right.line, right.column)
    }

    package var description: String { "\(file):\(line):\(column)" }
}

/// One thing wrong, or worth knowing, at one place.
package struct Fault: Equatable, Sendable, CustomStringConvertible {
    /// Where it stands.
    package let place: Place
    /// Whether it keeps the configuration from being taken.
    package let severity: Severity
    /// What is wrong, what is accepted, and the remedy. Never holds what could be a secret.
    package let message: String

    /// How much a fault matters.
    package enum Severity: String, Sendable {
        /// The configuration is refused whole.
        case error
        /// The configuration is taken, but does less than it seems to.
        case warning
        /// A key that is read and checked but has no effect yet.
        case note
    }

    /// `file:line:column: error: …`, as editors and people read it.
    package var description: String { "\(place): \(severity.rawValue): \(message)" }
}

/// All faults of a configuration, collected so that they can be told at once.
package struct Faults: Equatable, Sendable {
    private var found: [Fault] = []

    /// None.
    package init() {}

    /// In the order of their places.
    package var all: [Fault] {
        found.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }.map(\.element)
    }

    /// What keeps the configuration from being taken, in the order of places.
    package var errors: [Fault] { all.filter { $0.severity == .error } }
    /// What works but does less than it seems to, in the order of places.
    package var warnings: [Fault] { all.filter { $0.severity == .warning } }
    /// What has no effect yet, in the order of places.
    package var notes: [Fault] { all.filter { $0.severity == .note } }

    /// Whether the configuration must be refused.
    package var hasErrors: Bool {
        found.contains { $0.severity == .error }
    }

    /// Adds an error.
    package mutating func error(_ place: Place, _ message: String) {
        add(place, .error, message)
    }

    /// Adds a warning.
    package mutating func warning(_ place: Place, _ message: String) {
        add(place, .warning, message)
    }

    /// Adds a note.
    package mutating func note(_ place: Place, _ message: String) {
        add(place, .note, message)
    }

    /// Adds another collection's faults.
    package mutating func append(_ others: Faults) {
        found += others.found
    }

    /// A message quotes files, and files hold anything: what could move a terminal's cursor or turn its text around
    /// does not get into one.
    private mutating func add(_ place: Place, _ severity: Fault.Severity, _ message: String) {
        let isUnsafe: (Unicode.Scalar) -> Bool = {
            [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
        let safe = message.unicodeScalars.map { isUnsafe($0) ? "?" : String($0) }.joined()
        found.append(Fault(place: place, severity: severity, message: safe))
    }
}
