import Configuration
import Reactor
import TLS

/// Whether the records of TLS can be made as `tls: records:` wants them on this machine.
package enum RecordsCheck {
    /// What is done instead, with the remedy; nil when they can.
    package static func finding(_ records: TLSSettings.Records) -> String? {
        guard records == .kernel else { return nil }
        let reason =
            KernelTLS.isOffered
            ? "the relay does not hand records to the kernel yet"
            : "this kernel has no TLS (`tls` is not among net.ipv4.tcp_available_ulp; where there is a module, "
                + "`modprobe tls`)"
        return "\(reason); OpenSSL makes the records instead. `direct` asks nothing of the kernel"
    }
}

extension RecordLayer {
    /// Those that can be had of those that are wanted.
    init(_ settings: TLSSettings) {
        switch settings.records {
        case .openssl, .kernel: self = .openSSL
        case .direct: self = .direct
        }
    }
}
