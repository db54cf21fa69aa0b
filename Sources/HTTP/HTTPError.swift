/// What a peer can get wrong in a head: each case is one rule, and says how a server answers its breach.
///
/// The same rules hold for heads we write: `HeadSerializer` throws the field cases instead of writing a line that
/// another parser would read differently.
package enum HTTPError: Error, Equatable, Sendable, CaseIterable {
    // Lines, RFC 9112 §2.2.
    /// RFC 9112 §2.2: a line ends with CR LF.
    case bareLineFeed
    /// RFC 9112 §2.2: CR stands only before LF.
    case bareCarriageReturn
    /// RFC 9110 §5.5: no NUL.
    case nulByte

    // Start line, RFC 9112 §3 and §4.
    /// RFC 9112 §3: method, target and version, one space between each.
    case malformedRequestLine
    /// RFC 9112 §4: version, status and reason, one space between each.
    case malformedStatusLine
    /// RFC 9110 §9.1: the method is a token.
    case invalidMethod
    /// RFC 9110 §15.6.6: a major version other than 1.
    case majorVersionNotSupported
    /// RFC 9112 §2.3: HTTP/1.0, whose connections and bodies end by other rules.
    case minorVersionNotSupported

    // Request target, RFC 9112 §3.2.
    /// RFC 9112 §3.2.2: for requests to a proxy.
    case absoluteFormTarget
    /// RFC 9112 §3.2.3: for CONNECT.
    case authorityFormTarget
    /// RFC 9112 §3.2.4: for OPTIONS.
    case asteriskFormTarget
    /// RFC 9113 §8.3.1: `http` or `https`; over HTTP/2 alone a request names its scheme.
    case schemeNotHTTP
    /// RFC 9112 §3.2.1: origin form has no fragment.
    case fragmentInTarget
    /// RFC 3986 §3.3 and §3.4: what a path or query may hold unescaped.
    case invalidTargetCharacter
    /// RFC 3986 §2.1: two hexadecimal digits follow a percent sign.
    case invalidPercentEscape
    /// RFC 3986 §6.2: a path that two readers may normalise to different ones.
    case ambiguousPath

    // Field lines, RFC 9112 §5.
    /// RFC 9112 §2.2: no whitespace between the start line and the first field.
    case whitespaceBeforeFirstField
    /// RFC 9112 §5.2: no folded values.
    case obsoleteLineFolding
    /// RFC 9112 §5: a colon follows the name.
    case missingColon
    /// RFC 9112 §5: a name has at least one character.
    case emptyFieldName
    /// RFC 9112 §5.1: no whitespace between name and colon.
    case spaceBeforeColon
    /// RFC 9110 §5.1: the name is a token.
    case invalidFieldName
    /// RFC 9110 §5.5: no control characters but HTAB.
    case invalidFieldValue

    // Host, RFC 9112 §3.2.
    /// A request without a Host.
    case hostMissing
    /// A request with more than one Host.
    case hostRepeated
    /// A Host that is no host.
    case hostInvalid

    // Message body length, RFC 9112 §6.
    /// RFC 9112 §6.1: not both.
    case contentLengthWithTransferEncoding
    /// RFC 9110 §8.6: one length.
    case contentLengthRepeated
    /// RFC 9110 §8.6: decimal digits, and no more than 64 bits hold.
    case contentLengthInvalid
    /// RFC 9112 §6.1: chunked, once, and nothing else.
    case transferCodingNotImplemented

    // Limits, `HTTPLimits`.
    /// Longer than `maxStartLineBytes`.
    case startLineTooLong
    /// Longer than `maxFieldLineBytes`.
    case fieldLineTooLong
    /// Larger than `maxHeadBytes`.
    case headTooLarge
    /// More than `maxFields`.
    case tooManyFields
}

extension HTTPError {
    /// The status of the answer to a request that broke the rule.
    package var status: Int {
        switch self {
        case .startLineTooLong: 414
        case .fieldLineTooLong, .headTooLarge, .tooManyFields: 431
        // RFC 9112 §6.1: a transfer coding the server does not understand.
        case .transferCodingNotImplemented: 501
        // RFC 9110 §15.6.6: 505 speaks of the major version only.
        case .majorVersionNotSupported: 505
        default: 400
        }
    }

    /// The rule, as a sentence for the people at the other end. It holds nothing of what they sent.
    package var sentence: String {
        switch self {
        case .bareLineFeed: "A line must end with CR LF, not with LF alone."
        case .bareCarriageReturn: "CR may stand only at the end of a line, before LF."
        case .nulByte: "A head must not contain a NUL byte."
        case .malformedRequestLine: "The request line must be a method, a target and a version, one space between each."
        case .malformedStatusLine: "The status line must be a version, a status of three digits and a reason."
        case .invalidMethod: "The method must be a token."
        case .majorVersionNotSupported: "Only HTTP/1.1 is spoken here."
        case .minorVersionNotSupported: "The version must be HTTP/1.1."
        case .absoluteFormTarget: "The request target must be a path, not an absolute URL: this is not a proxy."
        case .authorityFormTarget: "The request target must be a path that starts with a slash."
        case .asteriskFormTarget: "The request target must be a path, not an asterisk."
        case .schemeNotHTTP: "The scheme must be http or https."
        case .fragmentInTarget: "The request target must not contain a fragment."
        case .invalidTargetCharacter: "The request target contains a character that must be percent-encoded."
        case .invalidPercentEscape: "A percent sign in the request target must be followed by two hexadecimal digits."
        case .ambiguousPath: "The path must not contain percent-escapes, semicolons or dot segments."
        case .whitespaceBeforeFirstField: "The first field line must not start with whitespace."
        case .obsoleteLineFolding: "A field value must not be folded over several lines."
        case .missingColon: "A field line must contain a colon."
        case .emptyFieldName: "A field must have a name."
        case .spaceBeforeColon: "No whitespace may stand between a field's name and its colon."
        case .invalidFieldName: "A field's name must be a token."
        case .invalidFieldValue: "A field's value must not contain control characters."
        case .hostMissing: "A request must have a Host field."
        case .hostRepeated: "A request must have only one Host field."
        case .hostInvalid: "The Host field must be a host name or address, with or without a port."
        case .contentLengthWithTransferEncoding: "Content-Length and Transfer-Encoding must not stand in one head."
        case .contentLengthRepeated: "Content-Length must be given only once."
        case .contentLengthInvalid: "Content-Length must be a decimal number."
        case .transferCodingNotImplemented: "No transfer coding but chunked is understood here."
        case .startLineTooLong: "The first line of the head is too long."
        case .fieldLineTooLong: "A field line is too long."
        case .headTooLarge: "The head is too large."
        case .tooManyFields: "The head has too many fields."
        }
    }
}
