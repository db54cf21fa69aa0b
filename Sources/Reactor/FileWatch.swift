import Glibc
import Timing

/// Tells when files change: written in place, replaced by a rename, deleted, created, or reached through a symlink or a
/// directory that now leads elsewhere. It has a thread of its own.
package final class FileWatch: Sendable {
    private let files: WatchedFiles
    private let order: Order
    private let thread: LoopThread

    /// Watches `paths` and calls `onChange`, on the watch's own thread, after anything has changed what they lead to:
    /// once, when it has been quiet for 50 ms, and 300 ms after the first change at the latest. A path that is a
    /// directory stands for everything in it; what is not there yet is waited for.
    ///
    /// `onChange` is called once for the first paths too, and for paths that `replacePaths` adds: they may have changed
    /// between their reading and the watching.
    ///
    /// Throws when there is no thread or descriptor to be had. Without inotify the files are looked at every two seconds.
    package static func start(
        paths: [String], onChange: @escaping @Sendable () -> Void
    ) throws(SystemError) -> FileWatch {
        try start(paths: paths, files: WatchedFiles(), onChange: onChange)
    }

    static func start(
        paths: [String], files: WatchedFiles, lookEvery interval: Duration = .seconds(2),
        onChange: @escaping @Sendable () -> Void
    ) throws(SystemError) -> FileWatch {
        let order = try Order(hasNews: files.replace(paths))
        let thread = try LoopThread.start(name: "file-watch") {
            Watching(files, order, every: interval, onChange).run()
        }
        return FileWatch(files, order, thread)
    }

    private init(_ files: WatchedFiles, _ order: Order, _ thread: LoopThread) {
        self.files = files
        self.order = order
        self.thread = thread
    }

    /// Watches these paths instead. Any thread may call it, `onChange` too.
    package func replacePaths(_ paths: [String]) {
        if files.replace(paths) { order.giveNews() }
    }

    /// Ends the watching and waits for a call of `onChange` under way; never call it from there.
    package func stop() {
        order.stop()
        thread.join()
    }

    deinit {
        order.stop()
    }
}

/// What other threads have to say to the watch's.
private final class Order: Sendable {
    private struct Word {
        var hasNews: Bool
        var isStopped = false
    }

    private let word: Lock<Word>
    private let wakeup: Wakeup

    init(hasNews: Bool) throws(SystemError) {
        wakeup = try Wakeup()
        word = Lock(Word(hasNews: hasNews))
    }

    var descriptor: Int32 { wakeup.descriptor.raw }
    var isStopped: Bool { word.withLock { $0.isStopped } }

    func giveNews() {
        word.withLock { $0.hasNews = true }
        wakeup.signal()
    }

    func stop() {
        word.withLock { $0.isStopped = true }
        wakeup.signal()
    }

    func takeNews() -> Bool {
        wakeup.clear()
        return word.withLock { word in
            defer { word.hasNews = false }
            return word.hasNews
        }
    }
}

/// The watch's thread.
private struct Watching {
    let files: WatchedFiles
    let order: Order
    let interval: Duration
    let onChange: @Sendable () -> Void
    var settling = Settling()
    var nextLook: Instant

    init(_ files: WatchedFiles, _ order: Order, every interval: Duration, _ onChange: @escaping @Sendable () -> Void) {
        self.files = files
        self.order = order
        self.interval = interval
        self.onChange = onChange
        nextLook = MonotonicClock.now() + interval
    }

    consuming func run() {
        var isNews = order.takeNews()
        while !order.isStopped {
            let now = MonotonicClock.now()
            if isNews || lookIfDue(now) { settling.note(at: now) }
            if settling.take(at: now) {
                // Watched anew before it is told: what changes while it is read again is another change.
                files.rearm()
                onChange()
            }
            wait()
            let hasOrder = order.takeNews()
            isNews = files.drain() || hasOrder
        }
    }

    private mutating func lookIfDue(_ now: Instant) -> Bool {
        guard now >= nextLook else { return false }
        nextLook = now + interval
        return files.hasChanged()
    }

    /// Until something happens, or the time of something has come.
    private func wait() {
        var entries = [order.descriptor, files.descriptor ?? -1].map {
            pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
        }
        let left = min(nextLook, settling.due ?? nextLook).duration(since: MonotonicClock.now())
        poll(&entries, nfds_t(entries.count), Int32(clamping: left.wholeNanoseconds / 1_000_000 + 1))
    }
}
