import StandIn

/// Artificial audio at 16 kHz as `pcm_s16le`.
enum Sound {
    /// A square wave that passes for speech; `pitch` makes it differ from another.
    static func speech(milliseconds: Int, pitch: Int = 40) -> [UInt8] {
        samples(milliseconds) { $0 / pitch % 2 == 0 ? 4000 : -4000 }
    }

    static func silence(milliseconds: Int) -> [UInt8] { samples(milliseconds) { _ in 0 } }

    /// Words of 200 ms with 100 ms between them, then a pause.
    static func sentence(words: Int, pause: Int, pitch: Int = 40) -> [UInt8] {
        var audio: [UInt8] = []
        for word in 0..<words {
            audio += speech(milliseconds: 200, pitch: pitch + word) + silence(milliseconds: 100)
        }
        return audio + silence(milliseconds: pause)
    }

    private static func samples(_ milliseconds: Int, _ value: (Int) -> Int16) -> [UInt8] {
        (0..<milliseconds * 16).flatMap { index in
            let bits = UInt16(bitPattern: value(index))
            return [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
        }
    }
}
