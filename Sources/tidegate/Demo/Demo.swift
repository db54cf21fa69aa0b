import ArgumentParser
import Foundation
import Reactor
import RelayServer
import StandIn

/// `tidegate demo`: the whole product on loopback, with nothing to configure.
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the relay at work on loopback, with no configuration.",
        discussion: """
            Starts three stand-in zones (us, eu, edge), each with a key of its own, and a relay in front. Recorded speech \
            is streamed for several tenants; the table says who was heard where, who was refused and why, and what the \
            sessions would have cost. Nothing leaves this machine.
            """)

    @Flag(help: "Keep running afterwards, and print snippets for clients of your own.")
    var serve = false

    @Option(help: "The relay's port; 0 for any free one.")
    var port: UInt16 = 0

    @Flag(help: "Send the speech as fast as it goes instead of as fast as it is spoken.")
    var fast = false

    func run() throws {
        Signals.ignoreBrokenPipes()
        let harbour = try DemoHarbour(port: port)
        print("Three stand-in zones and a relay at wss://localhost:\(harbour.port)/v3/ws, all on this machine.")
        print("Speaking \(DemoScene.speechSeconds) seconds of recorded English for each session …\n")
        let results = DemoScene.playAll(in: harbour, isPaced: !fast)
        print(DemoTable.text(results))
        let failed = results.filter { !$0.isAsExpected }
        if serve, failed.isEmpty {
            print(DemoSnippets.text(for: harbour))
            try StopSignals().pass(to: harbour.relay)
            harbour.relay.wait()
        }
        harbour.stop()
        guard failed.isEmpty else {
            print("Not as it should be: \(failed.map(\.scene.story).joined(separator: "; ")).")
            throw ExitCode.failure
        }
    }
}
