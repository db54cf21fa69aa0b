/// The limits of a head, and so of a parser's memory: it holds the fields read so far and one line.
package struct HTTPLimits: Equatable, Sendable {
    /// The whole head in bytes, line ends and the blank line included.
    package var maxHeadBytes: Int

    /// The request or status line in bytes, its line end included.
    package var maxStartLineBytes: Int

    /// One field line in bytes, its line end included.
    package var maxFieldLineBytes: Int

    /// The number of field lines.
    package var maxFields: Int

    /// Limits for a head of `maxHeadBytes`; what is left out follows from it or from `defaultMaxFields`.
    ///
    /// One line may fill the whole head: speech-to-text queries carry lists of key terms, and a token can be long.
    package init(
        maxHeadBytes: Int = HTTPLimits.defaultMaxHeadBytes, maxStartLineBytes: Int? = nil,
        maxFieldLineBytes: Int? = nil, maxFields: Int = HTTPLimits.defaultMaxFields
    ) {
        self.maxHeadBytes = maxHeadBytes
        self.maxStartLineBytes = maxStartLineBytes ?? maxHeadBytes
        self.maxFieldLineBytes = maxFieldLineBytes ?? maxHeadBytes
        self.maxFields = maxFields
    }

    /// 16 KiB: Node's limit for all fields (`--max-http-header-size`); nginx allows 8 KiB a line, four lines of it.
    package static let defaultMaxHeadBytes = 16 * 1024

    /// 100 fields: Apache's `LimitRequestFields` and HAProxy's `tune.http.maxhdr` (101 with the start line).
    package static let defaultMaxFields = 100
}
