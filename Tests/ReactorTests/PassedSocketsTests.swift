import Glibc
import Testing

@testable import Reactor

@Suite struct PassedSocketsTests {
    /// Descriptors one after another, as a service manager passes them. Whoever takes them closes them.
    private func passing(_ sockets: Int32...) -> Int32 {
        // Far from where the system puts others.
        var first: Int32 = 0
        for (index, socket) in sockets.enumerated() {
            let raw = fcntl(socket, F_DUPFD, index == 0 ? Int32.random(in: 600...900) : first + Int32(index))
            if index == 0 { first = raw }
        }
        return first
    }

    private func announcement(
        _ count: String?, process: String? = "\(getpid())", names: String? = nil
    ) -> PassedSockets.Announcement {
        PassedSockets.Announcement(process: process, count: count, names: names)
    }

    private func listener(_ host: String = "127.0.0.1") throws -> Descriptor {
        try Socket.listen(try #require(SocketAddress(literal: host, port: 0)))
    }

    @Test func passedSocketsAreTakenWithTheirAddresses() throws {
        let one = try listener()
        let other = try listener("::1")
        #expect(fcntl(one.raw, F_SETFL, 0) == 0)
        let taken = try PassedSockets.take(
            announcement("2", names: "web:web"), first: passing(one.raw, other.raw))
        let addresses = [try Socket.localAddress(one.raw), try Socket.localAddress(other.raw)]
        #expect(taken.map(\.address) == addresses)
        #expect(taken.allSatisfy { $0.isShared })
        for socket in taken {
            #expect(fcntl(socket.descriptor.raw, F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(socket.descriptor.raw, F_GETFD) & FD_CLOEXEC != 0)
        }
    }

    @Test(arguments: [(nil, nil), ("1", "1"), (nil, "1"), ("\(getpid())", nil), ("\(getpid())", "0")])
    func whatIsForNobodyOrForAnotherIsLeft(process: String?, count: String?) throws {
        #expect(try PassedSockets.take(announcement(count, process: process), first: 3).isEmpty)
    }

    @Test(arguments: ["-1", "1025", "x", ""])
    func aCountThatIsNoneIsAnError(count: String) {
        #expect(throws: PassedSocketError.self) { try PassedSockets.take(announcement(count), first: 3) }
    }

    @Test func whatDoesNotListenIsAnErrorThatNamesIt() throws {
        let pair = try SocketPair()
        let first = passing(pair.ours.raw)
        do throws(PassedSocketError) {
            _ = try PassedSockets.take(announcement("1", names: "tidegate.socket"), first: first)
            Issue.record("a connected socket was taken")
        } catch {
            #expect(
                error.description.contains("descriptor \(first) (tidegate.socket), which is no listening TCP socket"))
        }
        close(first)
        #expect(throws: PassedSocketError.self) { try PassedSockets.take(announcement("1"), first: 999) }
    }

    @Test func theWordsAreGoneAfterwards() async {
        await #expect(processExitsWith: .success) {
            for (name, value) in [("LISTEN_PID", "1"), ("LISTEN_FDS", "1"), ("LISTEN_FDNAMES", "a")] {
                setenv(name, value, 1)
            }
            guard try PassedSockets.take().isEmpty else { exit(1) }
            exit(getenv("LISTEN_PID") == nil && getenv("LISTEN_FDS") == nil && getenv("LISTEN_FDNAMES") == nil ? 0 : 2)
        }
    }
}
