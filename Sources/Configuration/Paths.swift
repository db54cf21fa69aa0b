import Glibc

/// Paths in configuration files are relative to the file that names them.
enum Paths {
    static func resolve(_ path: String, beside file: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return String(file[...slash]) + path
    }

    /// The files a pattern names, in the order of their names; a pattern without wildcards names itself if it is there.
    static func glob(_ pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard Glibc.glob(pattern, 0, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { paths[$0].map { String(cString: $0) } }
    }

    /// What to watch for the pattern to name other files: the directories that its parts with wildcards are looked for in,
    /// and the file, where the last part has none.
    static func watched(by pattern: String) -> [String] {
        var watched: [String] = []
        var fronts = [pattern.hasPrefix("/") ? "/" : ""]
        for part in pattern.split(separator: "/") {
            let paths = fronts.map { ($0.isEmpty || $0 == "/" ? $0 : $0 + "/") + part }
            let hasWildcard = part.contains { "*?[".contains($0) }
            if hasWildcard { watched += fronts.map { $0.isEmpty ? "." : $0 } }
            fronts = hasWildcard ? paths.flatMap(glob) : paths
        }
        return watched + fronts
    }
}
