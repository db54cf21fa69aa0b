import Bytes
import HTTP

/// What became of a head: the same for every way its bytes can be split.
enum Parsed<Head: Equatable & Sendable>: Equatable, Sendable {
    case complete(Head, rest: [UInt8])
    case incomplete
    case failed(HTTPError)
}

/// Parses a request whose bytes arrive in pieces that end at `cuts`.
func parseRequest(_ bytes: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()) -> Parsed<RequestHead> {
    var parser = RequestHeadParser(limits: limits)
    return parse(bytes, cuts) { piece, consumed throws(HTTPError) in try parser.parse(piece, consumed: &consumed) }
}

func parseRequest(_ text: String, limits: HTTPLimits = HTTPLimits()) -> Parsed<RequestHead> {
    parseRequest(Array(text.utf8), limits: limits)
}

/// Parses a response whose bytes arrive in pieces that end at `cuts`.
func parseResponse(_ bytes: [UInt8], cuts: [Int] = [], limits: HTTPLimits = HTTPLimits()) -> Parsed<ResponseHead> {
    var parser = ResponseHeadParser(limits: limits)
    return parse(bytes, cuts) { piece, consumed throws(HTTPError) in try parser.parse(piece, consumed: &consumed) }
}

/// The rule that a request line and field lines break, or nil.
func fault(_ text: String, limits: HTTPLimits = HTTPLimits()) -> HTTPError? {
    if case .failed(let error) = parseRequest(text, limits: limits) { error } else { nil }
}

extension Parsed {
    var head: Head? {
        if case .complete(let head, _) = self { head } else { nil }
    }
}

private func parse<Head>(
    _ bytes: [UInt8], _ cuts: [Int], _ step: (RawSpan, inout Int) throws(HTTPError) -> Head?
) -> Parsed<Head> {
    var start = 0
    for end in cuts + [bytes.count] {
        var consumed = 0
        do throws(HTTPError) {
            if let head = try step(bytes.span.bytes.extracting(start..<end), &consumed) {
                return .complete(head, rest: Array(bytes[(start + consumed)...]))
            }
        } catch {
            return .failed(error)
        }
        start = end
    }
    return .incomplete
}
