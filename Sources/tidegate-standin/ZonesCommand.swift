import ArgumentParser
import StandIn

struct ZonesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zones", abstract: "Stands in for the provider's zones.",
        discussion: """
            Listens on 127.0.0.1, but for zones with an address of their own, and prints one JSON line when it is ready: \
            the ports and keys of its zones, the control door, and the certificates that were made. Ends on SIGTERM.

            The control door: GET /zones, GET and DELETE /ledger, POST and DELETE /fault. A fault is also taken from a \
            request's own query: standin_fault=http:503
            """)

    @Option(help: "Names of the zones, with commas between.")
    var zones = "us,eu,edge"

    @Option(help: "Port of the first zone, the others following; 0 for any free ones.")
    var portBase: UInt16 = 0

    @Option(help: "Port of the control door; 0 for any free one.")
    var control: UInt16 = 0

    @Option(name: .customLong("key"), help: ArgumentHelp("A zone's key; else a random one.", valueName: "zone=key"))
    var keys: [String] = []

    @Option(
        name: .customLong("address"), help: ArgumentHelp("Where a zone listens; else 127.0.0.1.", valueName: "zone=ip"))
    var addresses: [String] = []

    @Option(help: "Directory of certificates; filled when it is empty. Without it, a temporary one.")
    var certs: String?

    @Flag(help: "Speak ws:// instead of wss://.")
    var plain = false

    @Flag(help: "Send every frame back as it came, on any path.")
    var echo = false

    @Flag(help: "Send every message back in one frame, on any path.")
    var echoMessages = false

    @Option(help: "Milliseconds from the 101 to Begin.")
    var delayBegin = 0

    @Option(help: "Milliseconds from Terminate to Termination.")
    var delayTermination = 0

    @Option(help: "New sessions a zone takes in any minute; without it, any number.")
    var opensPerMinute: Int?

    @Option(help: "The longest session, in seconds.")
    var maxSession = 10_800

    @Flag(help: "Refuse audio that comes faster than 1.25 times real time.")
    var enforceRate = false

    func validate() throws {
        _ = try pairs(keys)
        _ = try pairs(addresses)
        guard !zoneNames.isEmpty else { throw ValidationError("There must be a zone.") }
    }

    func run() throws {
        var program = StandInProgram()
        program.zones = zoneNames
        program.portBase = portBase
        program.controlPort = control
        program.keys = try pairs(keys)
        program.addresses = try pairs(addresses)
        program.certificates = certs
        program.isPlain = plain
        program.pattern.mode = echo ? .echoFrames : echoMessages ? .echo : .provider
        program.pattern.delays.begin = .milliseconds(delayBegin)
        program.pattern.delays.termination = .milliseconds(delayTermination)
        program.pattern.maxOpensPerMinute = opensPerMinute
        program.pattern.maxSessionSeconds = maxSession
        program.pattern.enforcesRate = enforceRate
        try program.run()
    }

    private var zoneNames: [String] { zones.split(separator: ",").map { String($0) } }

    /// What stands on either side of the first `=` of each text; of two with one name the last counts.
    private func pairs(_ texts: [String]) throws -> [String: String] {
        let pairs = try texts.map { pair in
            guard let sign = pair.firstIndex(of: "=") else { throw ValidationError("'\(pair)' is not name=value.") }
            return (String(pair[..<sign]), String(pair[pair.index(after: sign)...]))
        }
        return Dictionary(pairs) { _, last in last }
    }
}
