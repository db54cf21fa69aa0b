import Glibc
import Testing

@testable import Reactor

@Suite struct InotifyTests {
    @Test func eventsNameTheirWatchAndTheEntry() throws {
        let directory = try TemporaryDirectory()
        let inotify = try Inotify()
        let watch = try #require(inotify.watch(directory.path))
        #expect(inotify.watch(directory.path) == watch)
        try directory.write("a")
        var names: [String] = []
        inotify.drain { event in
            #expect(event.watch == watch && !event.isOverflow)
            names.append(event.name)
        }
        #expect(Set(names) == ["a"])
        inotify.unwatch(watch)
        inotify.drain { _ in }
        try directory.write("b")
        inotify.drain { #expect($0.name != "b") }
    }

    @Test func onlyADirectoryThatIsThereCanBeWatched() throws {
        let directory = try TemporaryDirectory()
        try directory.write("a")
        let inotify = try Inotify()
        #expect(inotify.watch(directory("a")) == nil)
        #expect(inotify.watch(directory("b")) == nil)
    }

    @Test func moreEventsThanTheBufferHoldsAreAllTaken() throws {
        let directory = try TemporaryDirectory()
        let inotify = try Inotify()
        _ = inotify.watch(directory.path)
        let wanted = Set((0..<400).map { String(repeating: "n", count: 100) + "\($0)" })
        for name in wanted { try directory.write(name, "") }
        var found: Set<String> = []
        inotify.drain { found.insert($0.name) }
        #expect(found == wanted)
    }
}
