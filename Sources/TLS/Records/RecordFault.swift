/// What a peer can get wrong once records are ours, a rule of RFC 8446 each.
enum RecordFault: Error, Equatable {
    /// §5.2: its header says other than application data.
    case unprotected
    /// §5.2, §5.4: longer than a record may be, or than was agreed (RFC 6066 §4).
    case tooLong
    /// §5.2: it was not made with the key, or has been changed.
    case forged
    /// §5.4: nothing but zeros, or no bytes at all.
    case withoutType
    /// §5: a type that nobody has defined, or that may not come now.
    case unknownType
    /// §5.1: an alert or a handshake message without a byte of it.
    case empty
    /// One record after the other, and never data.
    case idle
    /// §5.3: there are no more numbers for records.
    case exhausted
    /// §5.1: another kind of record between the parts of a handshake message.
    case interleaved
    /// §6: an alert that is not two bytes.
    case malformedAlert
    /// §4.6: a handshake message that may not come now.
    case unexpectedMessage
    /// §4.6: a handshake message of a length that it cannot have.
    case malformedMessage
    /// §4.6.3: a KeyUpdate that asks for something unknown.
    case illegalKeyUpdate
    /// §5.1: a KeyUpdate that does not end its record.
    case dataBehindKeyUpdate
    /// §6.2: the peer has ended the connection with this alert.
    case alert(UInt8)

    /// What the peer is told; nil: nothing, for it has said so itself.
    var answer: AlertDescription? {
        switch self {
        case .unprotected, .withoutType, .unknownType, .empty, .idle, .interleaved, .unexpectedMessage,
            .dataBehindKeyUpdate:
            .unexpectedMessage
        case .tooLong: .recordOverflow
        case .forged: .badRecordMAC
        case .exhausted: .internalError
        case .malformedAlert, .malformedMessage: .decodeError
        case .illegalKeyUpdate: .illegalParameter
        case .alert: nil
        }
    }

    /// The same for whoever has to deal with the end of the connection.
    var error: TLSError {
        if case .alert(let number) = self { return TLSError(.alert(number), "the peer sent alert \(number)") }
        return TLSError(.violation, "a record was refused: \(self)")
    }
}

/// The alerts that are sent or have a meaning of their own once records are ours (RFC 8446 §6).
enum AlertDescription: UInt8 {
    case closeNotify = 0
    case unexpectedMessage = 10
    case badRecordMAC = 20
    case recordOverflow = 22
    case illegalParameter = 47
    case decodeError = 50
    case internalError = 80
    case userCanceled = 90
}
