/// The program's version, as metrics and logs name it.
package enum Version {
    /// Semantic versioning 2.0.0.
    package static let text = "0.2.0"
}
