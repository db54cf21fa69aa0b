/// Who answered a dial: what a receipt can prove of the place the audio went to.
package struct UpstreamPeer: Equatable, Sendable {
    /// The address connected to, with its port.
    package let address: String
    /// The SHA-256 of its certificate; nil without TLS.
    package let certificateSHA256: [UInt8]?

    package init(address: String, certificateSHA256: [UInt8]? = nil) {
        self.address = address
        self.certificateSHA256 = certificateSHA256
    }
}
