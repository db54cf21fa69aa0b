import Glibc

/// What the system knows of this process: see proc(5).
package struct ProcessStatus: Sendable {
    /// Processor time, its own and the system's for it, in seconds.
    package let processorSeconds: Double
    /// When it began, in Unix time.
    package let startedAt: Double
    /// In use, in bytes.
    package let residentBytes: Int
    /// Of address space, in bytes.
    package let virtualBytes: Int
    /// How many there are.
    package let threads: Int
    /// Open now.
    package let descriptors: Int
    /// That may be open at once.
    package let maxDescriptors: UInt64

    /// As it is now; nil where the system does not say. Takes time that grows with the number of descriptors: not for a loop
    /// with sessions.
    package static func read() -> ProcessStatus? {
        guard let status = text(of: "/proc/self/stat"), let system = text(of: "/proc/stat") else { return nil }
        return ProcessStatus(
            status, system, descriptors: openDescriptors(), ticksPerSecond: sysconf(Int32(_SC_CLK_TCK)),
            pageBytes: sysconf(Int32(_SC_PAGESIZE)))
    }

    /// - Parameters:
    ///   - status: what `/proc/self/stat` holds.
    ///   - system: what `/proc/stat` holds.
    init?(_ status: String, _ system: String, descriptors: Int, ticksPerSecond: Int, pageBytes: Int) {
        // The name stands in parentheses and may hold anything, parentheses too.
        guard let name = status.lastIndex(of: ")"), ticksPerSecond > 0 else { return nil }
        let fields = status[status.index(after: name)...].split(whereSeparator: \.isWhitespace)
        // Counted from the third on, as the manual page counts.
        func field(_ number: Int) -> Int? { fields.count > number - 3 ? Int(fields[number - 3]) : nil }
        let bootLine = system.split(separator: "\n").first { $0.hasPrefix("btime ") }
        guard let user = field(14), let kernel = field(15), let threads = field(20), let start = field(22),
            let virtual = field(23), let pages = field(24), let boot = bootLine.flatMap({ Int($0.dropFirst(6)) })
        else { return nil }
        processorSeconds = (Double(user) + Double(kernel)) / Double(ticksPerSecond)
        startedAt = Double(boot) + Double(start) / Double(ticksPerSecond)
        residentBytes = pages.multipliedReportingOverflow(by: pageBytes).partialValue
        virtualBytes = virtual
        self.threads = threads
        self.descriptors = descriptors
        maxDescriptors = DescriptorLimit.current
    }

    private static func openDescriptors() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // `.`, `..` and the one that reads the folder.
        return max(0, count - 3)
    }

    /// A whole file of the kernel's, which has no size to ask for.
    private static func text(of path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < maxBytes {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `/proc/stat` has a line for each core and one for all interrupts.
    private static let maxBytes = 1 << 20
}
