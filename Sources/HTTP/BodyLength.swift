import Bytes

extension HeaderFields {
    /// The value of `Content-Length`, or nil when there is none.
    ///
    /// Throws when it stands twice, also as a list and also with equal values, which RFC 9110 §8.6 would let a
    /// recipient mend: two lengths are the oldest way to smuggle a request. Throws when it is not a number of 64 bits.
    package func contentLength() throws(HTTPError) -> UInt64? {
        let values = all("Content-Length")
        guard let value = values.first else { return nil }
        guard values.count == 1, !value.utf8.contains(UInt8(ascii: ",")) else { throw .contentLengthRepeated }
        guard let length = UInt64(decimal: value.utf8) else { throw .contentLengthInvalid }
        return length
    }

    /// Throws when the fields leave any doubt about where the message ends (RFC 9112 §6).
    func checkBodyLength() throws(HTTPError) {
        let length = try contentLength()
        guard count("Transfer-Encoding") > 0 else { return }
        // RFC 9112 §6.1: both at once "ought to be handled as an error".
        guard length == nil else { throw .contentLengthWithTransferEncoding }
        // RFC 9112 §6.1: an unknown coding is 501; chunked must be last and only once, so alone it is all we
        // understand.
        let codings = tokens("Transfer-Encoding")
        guard codings.count == 1, FieldSyntax.equalIgnoringCase(codings[0], "chunked") else {
            throw .transferCodingNotImplemented
        }
    }
}

extension FixedWidthInteger {
    /// Reads `1*DIGIT`: no sign, no space. Nil when it is not that, or too large for the type.
    init?(decimal digits: some Collection<UInt8>) {
        guard !digits.isEmpty else { return nil }
        self = 0
        for byte in digits {
            guard let digit = byte.decimalDigit else { return nil }
            let (tens, overflowed) = multipliedReportingOverflow(by: 10)
            let (sum, overflowedAgain) = tens.addingReportingOverflow(Self(digit))
            guard !overflowed, !overflowedAgain else { return nil }
            self = sum
        }
    }
}
