import Foundation
import Policy

@testable import Configuration

/// The full example of the documentation: every key of both files.
let exampleFile = Bundle.module.bundleURL.appending(path: "Fixtures/example/tidegate.yaml").path

/// A directory for one test, gone when the test is done with it.
final class Directory {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "configuration-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file, unreadable by others, and tells its path.
    @discardableResult
    func write(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
        let file = path + "/" + name
        try FileManager.default.createDirectory(
            atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: file))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        return file
    }

    /// The text of faults without the directory's own name.
    func told(_ faults: [Fault]) -> [String] {
        faults.map { $0.description.replacingOccurrences(of: path + "/", with: "") }
    }
}

/// A small `tidegate.yaml` on loopback, without fault but that it keeps no receipts.
let smallFile = """
    version: 1
    site: {name: here, zone: eu}
    listeners: [{address: "127.0.0.1:0"}]
    zones:
      eu:
        endpoints: ["ws://127.0.0.1:9000/v3/ws"]
        key: {env: KEY}
    policy: [policy.yaml]
    """

let smallPolicy = """
    version: 1
    tenants:
      acme:
        residency: eu
        clients:
          keys: [{name: web, sha256: "\(String(repeating: "ab", count: 32))"}]
    """

/// The faults of `text` as a `tidegate.yaml`, without looking at any file.
func faults(inTidegateFile text: String) -> [String] {
    var faults = Faults()
    guard let root = Document.parse(text, file: "t.yaml", faults: &faults) else { return faults.all.map(\.description) }
    var check = SchemaCheck(.tidegateFile)
    check.check(root)
    faults.append(check.faults)
    _ = TidegateFile(root, hostName: "h", faults: &faults)
    return faults.all.map(\.description)
}

/// The faults of `text` as a policy file under the zones `edge`, `us` and `eu`.
func faults(inPolicyFile text: String) -> [String] {
    var faults = Faults()
    guard let root = Document.parse(text, file: "p.yaml", faults: &faults) else { return faults.all.map(\.description) }
    var check = SchemaCheck(.policyFile)
    check.check(root)
    faults.append(check.faults)
    _ = PolicyFile(root, zones: [.edge, .init("us")!, .init("eu")!], faults: &faults)
    return faults.all.map(\.description)
}

/// A small seeded generator (SplitMix64): the same seed gives the same run.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
