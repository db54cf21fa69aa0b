extension UInt8 {
    /// The value of an ASCII digit, or nil.
    package var decimalDigit: UInt8? {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= self ? self & 0x0F : nil
    }

    /// The value of an ASCII hexadecimal digit of either case, or nil.
    package var hexDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self & 0x0F
        case UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "a")...UInt8(ascii: "f"): (self & 0x0F) + 9
        default: nil
        }
    }
}
