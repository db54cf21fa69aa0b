import ArgumentParser
import Configuration
import Foundation
import Policy
import RelayServer

/// `tidegate probe`: every endpoint, looked at as the relay would reach it.
struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Look at every zone's endpoints as the relay would reach them.",
        discussion: """
            DNS, addresses that may be connected to, TCP, TLS, certificate, pins and HTTP answer, each address on its own. \
            Sends no provider key and opens no session. Exits with 1 when the relay could not use an endpoint.
            """)

    @OptionGroup var configurationOption: ConfigurationOption

    @Option(help: ArgumentHelp("This zone alone.", valueName: "zone"))
    var zone: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let probe = Probe()
        var reports: [EndpointReport] = []
        for zone in try zones() {
            let found = try probe.reports(on: zone)
            if !json { for report in found { print(told(report)) } }
            reports += found
        }
        if json { print(try encoded(reports)) }
        guard reports.allSatisfy(\.isUsable) else { throw ExitCode.failure }
    }

    /// Missing certificates and keys of the relay's own do not matter here; faults in the files' text do.
    private func zones() throws -> [ZoneSettings] {
        let result = configurationOption.load()
        guard let settings = result.configuration?.settings else {
            let faults = result.readFaults.errors.map(\.description).joined(separator: "\n")
            throw ProbeError(message: "the configuration has errors:\n\(faults)")
        }
        guard let zone else { return settings.zones }
        let wanted = settings.zones.filter { $0.zone.name == zone }
        guard !wanted.isEmpty else {
            let nearest = NearestName.of(zone, among: settings.zones.map(\.zone.name))
            throw ProbeError(message: "no zone \(zone)" + (nearest.map { "; the nearest is \($0)" } ?? ""))
        }
        return wanted
    }

    private func encoded(_ reports: [EndpointReport]) throws -> String {
        try ReadableJSON.text(of: reports, keys: .convertToSnakeCase)
    }

    private func told(_ report: EndpointReport) -> String {
        var lines = ["\(report.zone)  \(report.endpoint)  \(report.isUsable ? "ok" : "FAILED")"]
        if let failure = report.failure { lines.append("  name         \(failure)") }
        if let lookup = report.lookupMilliseconds, report.failure == nil {
            let count = report.addresses.count
            lines.append("  name         \(count) address\(count == 1 ? "" : "es") in \(lookup) ms")
        }
        for address in report.addresses { lines += told(address) }
        return lines.joined(separator: "\n")
    }

    private func told(_ report: AddressReport) -> [String] {
        var lines = ["  \(report.address)"]
        if let reason = report.forbidden { lines.append("    forbidden    \(reason)") }
        if let time = report.connectMilliseconds { lines.append("    round trip   \(time) ms") }
        if let tls = report.tls {
            let alpn = tls.alpn.map { ", ALPN \($0)" } ?? ", no ALPN"
            lines.append("    TLS          \(tls.version), \(tls.cipher)\(alpn), \(tls.milliseconds) ms")
        }
        if let certificate = report.certificate { lines += told(certificate) }
        if let verification = report.verification {
            lines.append("    authority    \(verification.authority)")
            lines.append("    host name    \(verification.isForHost ? "matches" : "does not match")")
            lines.append("    pins         \(verification.pins)")
        }
        if let http = report.http { lines.append("    HTTP         \(http.status) in \(http.milliseconds) ms") }
        if let failure = report.failure { lines.append("    FAILED       \(failure)") }
        return lines
    }

    private func told(_ certificate: CertificateReport) -> [String] {
        let left = certificate.daysLeft
        return [
            "    certificate  \(certificate.subject)", "    names        \(certificate.names.joined(separator: ", "))",
            "    issuer       \(certificate.issuer)",
            "    not after    \(certificate.notAfter), \(left < 0 ? "expired" : "\(left) days left")",
            "    sha256       \(certificate.sha256)", "    spki_sha256  \(certificate.spkiSHA256)",
        ]
    }
}

/// What `probe` cannot do.
private struct ProbeError: Error, CustomStringConvertible {
    let message: String
    var description: String { message }
}
