import Crypto
import Fetch
import Foundation
import HTTP
import StandIn
import TLS

/// A stand-in zone over TLS and one without, to fetch from.
final class Harbour {
    let standIn: StandInServer
    let authority: ThrowawayAuthority
    let authorityFile: String
    private let folder: String

    init(names: [String] = ["localhost"], validity: ThrowawayAuthority.Validity = .current) throws {
        authority = ThrowawayAuthority(name: "Fetch")
        folder = FileManager.default.temporaryDirectory.path() + "/fetch-" + Hex.encode(RandomBytes.make(8))
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        authorityFile = try authority.write(to: folder, name: "authority")
        let issued = authority.issue(names: names, validity: validity)
        let certificate = try TLSCertificate(
            chainPEM: issued.chainPEM, keyPEM: Secret(issued.keyPEM), mayBeExpired: true)
        let keys = ProviderKeys([("eu", "a key of this test's own")])
        standIn = try StandInServer(zones: [
            StandInZone("secure", keys: keys, tls: try .provider(certificate)), StandInZone("plain", keys: keys),
        ])
    }

    deinit {
        standIn.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// A request to the zone with TLS, as it should be.
    func request(_ path: String = "/nothing", host: String = "localhost", zone: String = "secure") -> FetchRequest {
        let scheme = zone == "secure" ? "https" : "http"
        var request = FetchRequest("\(scheme)://\(host):\(standIn.ports[zone] ?? 0)\(path)")
        request.authority = .file(authorityFile)
        return request
    }

    /// What stands in the requests the stand-in saw.
    var heads: [String] { standIn.ledger.snapshot.requests.map(\.head) }
}

/// The kind of error that `request` ends with; nil when it is answered.
func failure(of request: FetchRequest) -> FetchError.Kind? {
    do throws(FetchError) {
        _ = try Fetch.perform(request)
        return nil
    } catch {
        return error.kind
    }
}
