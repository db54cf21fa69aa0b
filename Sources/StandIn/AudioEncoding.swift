/// How the client's binary messages carry audio (provider contract §5.1); always mono.
package enum AudioEncoding: String, CaseIterable, Sendable {
    /// Signed 16-bit little-endian samples.
    case pcmS16LE = "pcm_s16le"
    /// G.711 µ-law, one byte a sample.
    case pcmMulaw = "pcm_mulaw"
    /// One raw Opus packet a message.
    case opus
    /// Any cut of an Ogg stream of Opus packets.
    case oggOpus = "ogg_opus"
    /// Any cut of an ADTS stream.
    case aac

    /// Bytes of one sample where every sample has the same size; nil for compressed audio.
    package var bytesPerSample: Int? {
        switch self {
        case .pcmS16LE: 2
        case .pcmMulaw: 1
        case .opus, .oggOpus, .aac: nil
        }
    }
}
