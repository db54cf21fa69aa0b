import Glibc
import Testing
import Timing

@testable import Reactor

@Suite struct ServiceNotifierTests {
    @Test(arguments: [false, true])
    func noticesArriveAsOneDatagramEach(isAbstract: Bool) throws {
        let folder = try TemporaryDirectory()
        let path = isAbstract ? "@tidegate-\(getpid())-notify" : folder.path + "/notify"
        let manager = try Manager(path)
        let notifier = try ServiceNotifier(path: path)
        notifier.tell(.ready)
        notifier.tell(.stops(within: .milliseconds(90_500)))
        #expect(manager.next() == "READY=1\nSTATUS=Serving.")
        #expect(
            manager.next()
                == "STOPPING=1\nSTATUS=Draining: sessions end within 90 s.\nEXTEND_TIMEOUT_USEC=90500000")
    }

    @Test func noticesAreWordsOfTheServiceManagers() {
        let now = Instant(nanoseconds: 1_234_567_891)
        #expect(ServiceNotifier.Notice.reloads.assignments(now: now) == ["RELOADING=1", "MONOTONIC_USEC=1234567"])
        #expect(ServiceNotifier.Notice.alive.assignments(now: now) == ["WATCHDOG=1"])
    }

    @Test func nobodyListeningIsNoFault() throws {
        #expect(throws: SystemError.self) { try ServiceNotifier(path: "/nowhere/notify") }
        #expect(throws: SystemError.self) { try ServiceNotifier(path: "") }
        #expect(throws: SystemError.self) { try ServiceNotifier(path: "/" + String(repeating: "x", count: 200)) }
        let folder = try TemporaryDirectory()
        let notifier: ServiceNotifier
        do {
            let manager = try Manager(folder.path + "/notify")
            notifier = try ServiceNotifier(path: folder.path + "/notify")
            withExtendedLifetime(manager) {}
        }
        for _ in 0..<1_000 { notifier.tell(.alive) }
    }

    @Test(arguments: [
        ("3000000", nil, 3), ("3000000", "\(getpid())", 3), ("3000000", "1", nil), (nil, nil, nil), ("0", nil, nil),
        ("-5", nil, nil), ("x", nil, nil),
    ])
    func theWatchdogIsAskedForByProcess(microseconds: String?, process: String?, seconds: Int?) {
        #expect(
            ServiceNotifier.watchdogInterval(microseconds: microseconds, process: process)
                == seconds.map { .seconds($0) })
    }
}

/// The end of a service manager.
private final class Manager {
    private let raw: Int32

    init(_ path: String) throws {
        raw = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        if name[0] == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(raw, $0, length) }
        }
        guard result == 0 else { throw SystemError.last("bind") }
    }

    deinit { close(raw) }

    func next() -> String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = recv(raw, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
