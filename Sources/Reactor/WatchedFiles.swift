import Glibc

/// A set of paths, and whether anything has changed what they lead to. Any thread may call it.
final class WatchedFiles: Sendable {
    private struct State {
        var paths: Set<String> = []
        /// What each watch is for.
        var names: [Int32: WatchPlan.Names] = [:]
        var identities: [String: FileIdentity] = [:]
    }

    private let state = Lock(State())
    /// `nil` when the system gives none: then only looking again tells.
    private let inotify: Inotify?

    init(usesInotify: Bool = true) {
        inotify = usesInotify ? try? Inotify() : nil
    }

    /// Readable when `drain` has something to look at.
    var descriptor: Int32? { inotify?.descriptor.raw }

    /// Watches these paths instead of those before. Every change after this is noticed. Whether any path is new.
    func replace(_ paths: [String]) -> Bool {
        state.withLock { state in
            let former = state.paths
            state.paths = Set(paths)
            arm(&state)
            return !state.paths.isSubset(of: former)
        }
    }

    /// Follows the paths anew: they may lead through other directories now.
    func rearm() {
        state.withLock { arm(&$0) }
    }

    /// Whether the events that have come are about any of the paths.
    func drain() -> Bool {
        guard let inotify else { return false }
        return state.withLock { state in
            var isRelevant = false
            inotify.drain { event in
                let isNamed = state.names[event.watch].map { event.name.isEmpty || $0.contain(event.name) } ?? false
                isRelevant = isRelevant || isNamed || event.isOverflow
            }
            return isRelevant
        }
    }

    /// Whether anything looks different, for file systems that send no events.
    func hasChanged() -> Bool {
        state.withLock { $0.identities != WatchedFiles.identities(of: $0.paths) }
    }

    /// Directories come and go while the watches are laid, so it is looked again; after a few times events will tell.
    private func arm(_ state: inout State) {
        var plan = WatchPlan(state.paths)
        for _ in 0..<4 {
            lay(plan, &state)
            let now = WatchPlan(state.paths)
            if now == plan { break }
            plan = now
        }
        state.identities = WatchedFiles.identities(of: state.paths)
    }

    private func lay(_ plan: WatchPlan, _ state: inout State) {
        guard let inotify else { return }
        var names: [Int32: WatchPlan.Names] = [:]
        for (directory, wanted) in plan.directories {
            guard let watch = inotify.watch(directory) else { continue }
            names[watch] = names[watch]?.union(wanted) ?? wanted
        }
        for watch in state.names.keys where names[watch] == nil { inotify.unwatch(watch) }
        state.names = names
    }

    private static func identities(of paths: Set<String>) -> [String: FileIdentity] {
        paths.reduce(into: [:]) { $0[$1] = FileIdentity(of: $1) }
    }
}
