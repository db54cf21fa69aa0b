import Glibc

/// Which directories to watch, and for which names in them, so that nothing that changes what a path leads to goes unseen:
/// the directory of every part of the path, and of every symlink on the way, such as the `..data` of a mounted volume.
struct WatchPlan: Equatable {
    /// By directory, its own path free of symlinks.
    private(set) var directories: [String: Names] = [:]

    /// Names in one directory.
    enum Names: Equatable {
        case all
        case these(Set<String>)

        func contain(_ name: String) -> Bool {
            switch self {
            case .all: true
            case .these(let names): names.contains(name)
            }
        }

        func union(_ others: Names) -> Names {
            guard case .these(let names) = self, case .these(let more) = others else { return .all }
            return .these(names.union(more))
        }
    }

    /// A path that is a directory stands for everything in it. Relative paths begin at the working directory.
    init(_ paths: some Sequence<String>) {
        for path in paths { add(path) }
    }

    /// path_resolution(7): more symlinks than this are a loop.
    private static let maxLinks = 40

    /// Walks as the kernel does, and ends where there is nothing more: whatever comes to be there comes by that name.
    private mutating func add(_ path: String) {
        var directory = ""
        var rest = WatchPlan.parts(path.hasPrefix("/") ? path : WatchPlan.workingDirectory + "/" + path)
        var links = 0
        while let name = rest.popLast() {
            if name == ".." {
                directory = String(directory[..<(directory.lastIndex(of: "/") ?? directory.startIndex)])
                continue
            }
            watch(directory, for: .these([name]))
            switch Thing(at: directory + "/" + name) {
            case .directory: directory += "/" + name
            case .link(let target) where links < WatchPlan.maxLinks:
                links += 1
                if target.hasPrefix("/") { directory = "" }
                rest += WatchPlan.parts(target)
            case .file, .link, .nothing: return
            }
        }
        watch(directory, for: .all)
    }

    private mutating func watch(_ directory: String, for names: Names) {
        let directory = directory.isEmpty ? "/" : directory
        directories[directory] = directories[directory]?.union(names) ?? names
    }

    /// The parts of a path, the last one first.
    private static func parts(_ path: String) -> [String] {
        path.split(separator: "/").filter { $0 != "." }.map(String.init).reversed()
    }

    private static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "" }
        defer { free(path) }
        return String(cString: path)
    }
}

/// What stands at a path, without following it.
private enum Thing {
    case nothing
    case file
    case directory
    case link(String)

    init(at path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            self = .nothing
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: self = .directory
        case S_IFLNK: self = Thing.target(of: path).map(Thing.link) ?? .nothing
        default: self = .file
        }
    }

    private static func target(of path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let text = buffer.baseAddress else { return nil }
            let count = readlink(path, text, buffer.count)
            guard count > 0, count < buffer.count else { return nil }
            return String(decoding: UnsafeRawBufferPointer(buffer).prefix(count), as: UTF8.self)
        }
    }
}
