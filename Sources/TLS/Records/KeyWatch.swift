import COpenSSL
import Crypto
import Glibc

/// What OpenSSL tells of a connection's traffic keys while it uses them itself: each side's secret, and how many records
/// that side has protected since it took it. Enough to go on where OpenSSL stops.
///
/// Belongs to its connection, and to the loop's thread as that does. Told by OpenSSL's key log, when a key changes, and by
/// its message callback, for each record.
final class KeyWatch {
    private var client = Side()
    private var server = Side()

    private struct Side {
        var secret: Secret?
        var records: UInt64 = 0
    }

    /// Makes OpenSSL tell of the records of `ssl`. The watch must outlive it.
    func begin(_ ssl: OpaquePointer) {
        SSL_ctrl(ssl, SSL_CTRL_SET_MSG_CALLBACK_ARG, 0, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_msg_callback(ssl, reportRecord)
    }

    /// Makes it stop.
    func end(_ ssl: OpaquePointer) {
        SSL_set_msg_callback(ssl, nil)
    }

    /// What protects the records that one side sends from here on. Nil when OpenSSL has told of no such key.
    func protection(ofClient: Bool, _ suite: CipherSuite, for purpose: RecordProtection.Purpose) -> RecordProtection? {
        let side = ofClient ? client : server
        guard let secret = side.secret, let secret = TrafficSecret(secret, suite: suite) else { return nil }
        return RecordProtection(secret, sequence: side.records, for: purpose)
    }

    /// A side has taken a key. The line is the key log's: a label, the client's random, and the secret, both as hex.
    fileprivate func note(_ line: UnsafePointer<CChar>) {
        if strncmp(line, "CLIENT_TRAFFIC_SECRET_", 22) == 0 {
            client = Side(secret: Self.secret(in: line))
        } else if strncmp(line, "SERVER_TRAFFIC_SECRET_", 22) == 0 {
            server = Side(secret: Self.secret(in: line))
        }
    }

    /// A side has protected a record.
    fileprivate func noteRecord(ofClient: Bool) {
        if ofClient { client.records += 1 } else { server.records += 1 }
    }

    /// The bytes behind the last blank, from where they stand: OpenSSL wipes the line.
    private static func secret(in line: UnsafePointer<CChar>) -> Secret? {
        guard let blank = strrchr(line, Int32(UInt8(ascii: " "))) else { return nil }
        return Hex.decodeSecret(UnsafeRawBufferPointer(start: blank + 1, count: strlen(blank + 1)))
    }
}

extension SharedContext {
    /// Makes the connections of this context tell their watches of keys.
    func watchKeys() {
        SSL_CTX_set_keylog_callback(pointer, reportKey)
    }
}

// Plain functions, because a closure could carry the isolation of the place it is written in.

/// OpenSSL's news of a key, when it takes it: for the key log that developers decrypt captures with.
private func reportKey(_ ssl: OpaquePointer?, _ line: UnsafePointer<CChar>?) {
    guard let line, let connection = SSL_get_ex_data(ssl, TLSConnection.backReference) else { return }
    Unmanaged<TLSConnection>.fromOpaque(connection).takeUnretainedValue().watch?.note(line)
}

/// OpenSSL's news of a message or a record. It tells the type of a record's content for each protected record, once.
private func reportRecord(
    _ isSent: Int32, _ version: Int32, _ type: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ ssl: OpaquePointer?,
    _ watch: UnsafeMutableRawPointer?
) {
    guard type == SSL3_RT_INNER_CONTENT_TYPE, let watch else { return }
    Unmanaged<KeyWatch>.fromOpaque(watch).takeUnretainedValue()
        .noteRecord(ofClient: (isSent == 1) == (SSL_is_server(ssl) == 0))
}
