import COpenSSL

/// How bytes in memory are lent to OpenSSL's PEM readers.
package enum MemoryBIO {
    /// Lends `bytes` for the duration of `body`. Empty bytes have no address, which BIO_new_mem_buf refuses, and no PEM text is
    /// longer than Int32: the reader then gets no BIO and finds nothing.
    package static func over<Result>(
        _ bytes: UnsafeRawBufferPointer, _ body: (OpaquePointer?) -> Result
    ) -> Result {
        let bio = Int32(exactly: bytes.count).flatMap { BIO_new_mem_buf(bytes.baseAddress, $0) }
        defer { BIO_free(bio) }
        return body(bio)
    }
}

/// The answer to OpenSSL's question for a password: it would ask on the terminal, and a server has nobody there.
package func refusePassword(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int32, _ forWriting: Int32, _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    -1
}
