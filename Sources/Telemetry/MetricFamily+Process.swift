// How the process and its loops do. The names of the process's own families are those of every program that Prometheus watches.

extension MetricFamily {
    static let ofLoops: [MetricFamily] = [
        .loopTurnSeconds, .loopLag, .loopSessions, .loopNewcomers, .newcomersDisplaced,
    ]

    /// How long turns of a loop took.
    package static let loopTurnSeconds = MetricFamily(
        "loop_turn_seconds", .histogram, ["loop"],
        bounds: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1],
        "How long the turns of an event loop took, without its wait.")
    /// How long a question waits for a loop.
    package static let loopLag = MetricFamily(
        "loop_lag_seconds", .gauge, ["loop"], "How long the question for these numbers waited for the loop.")
    /// Sessions of a loop.
    package static let loopSessions = MetricFamily(
        "loop_sessions", .gauge, ["loop"], "Sessions that a loop drives, whatever their state.")
    /// Connections of a loop without a complete request.
    package static let loopNewcomers = MetricFamily(
        "loop_newcomers", .gauge, ["loop"], "Connections of a loop whose request is not complete yet.")
    /// Connections that had to go without a request because others came.
    package static let newcomersDisplaced = MetricFamily(
        "newcomers_displaced_total", .counter, [],
        "Connections that were ended before their request was complete, because too many others had come after them.")
}

extension MetricFamily {
    static let ofProcess: [MetricFamily] = [
        .processStart, .processCPU, .processResident, .processVirtual, .processDescriptors, .processMaxDescriptors,
        .processThreads,
    ]

    private init(process name: String, _ kind: Kind, _ help: String) {
        self.init(name, kind, [], prefix: "process_", help)
    }

    /// When the process began.
    package static let processStart = MetricFamily(
        process: "start_time_seconds", .gauge, "When the process began, in Unix time.")
    /// Processor time.
    package static let processCPU = MetricFamily(
        process: "cpu_seconds_total", .counter, "Processor time of the process, its own and the system's for it.")
    /// Memory in use.
    package static let processResident = MetricFamily(
        process: "resident_memory_bytes", .gauge, "Resident memory of the process.")
    /// Address space in use.
    package static let processVirtual = MetricFamily(
        process: "virtual_memory_bytes", .gauge, "Virtual memory of the process.")
    /// Descriptors in use.
    package static let processDescriptors = MetricFamily(process: "open_fds", .gauge, "Open descriptors.")
    /// Descriptors that may be used.
    package static let processMaxDescriptors = MetricFamily(
        process: "max_fds", .gauge, "Descriptors the process may open.")
    /// Threads.
    package static let processThreads = MetricFamily(process: "threads", .gauge, "Threads of the process.")
}
