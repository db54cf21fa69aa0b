/// Which target may know which: the picture that `Package.swift` has to match.
///
/// A new arrow is written here as well, on purpose: it is a change of the architecture, not of a build file.
enum Arrows {
    static let pure: [String: Set<String>] = [
        "Timing": [],
        "Bytes": [],
        "JSON": ["Bytes"],
        "HTTP": ["JSON", "Bytes"],
        "WebSocket": ["HTTP", "Bytes"],
        "Policy": [],
        "Telemetry": ["JSON"],
        "Receipts": ["Policy", "JSON", "Bytes"],
        "RelayCore": ["WebSocket", "JSON", "Policy", "Timing", "Bytes"],
    ]

    static let engines: [String: Set<String>] = [
        "Crypto": ["COpenSSL"],
        "Redis": ["CHiredis", "Crypto"],
        "TLS": ["COpenSSL", "Crypto", "Bytes"],
        "HTTP2": ["CNGHTTP2", "HTTP", "Timing", "Bytes"],
        "Identity": ["Policy", "Crypto", "JSON"],
    ]

    static let io: [String: Set<String>] = [
        "Reactor": ["CLinux", "Timing"],
        "Transport": ["Reactor", "TLS", "Crypto", "Bytes", "Timing"],
        "Configuration": ["Policy", "Crypto", "JSON", "Yams"],
        "Fetch": ["CCurl", "Crypto"],
        "RelayServer": [
            "Configuration", "RelayCore", "Receipts", "Identity", "Transport", "Reactor", "TLS", "Crypto", "Telemetry",
            "HTTP2", "Fetch", "Redis", "WebSocket", "HTTP", "JSON", "Policy", "Timing", "Bytes",
            "CAdminPages",
        ],
        "StandIn": [
            "Transport", "Reactor", "TLS", "HTTP2", "Crypto", "COpenSSL", "CNGHTTP2", "CDemoAudio", "WebSocket",
            "HTTP", "Timing", "Bytes",
        ],
    ]

    static let executables: [String: Set<String>] = [
        "tidegate": [
            "RelayServer", "Configuration", "Policy", "Receipts", "Identity", "Telemetry", "StandIn", "Reactor", "TLS",
            "Crypto", "HTTP", "ArgumentParser",
        ],
        "tidegate-standin": ["StandIn", "ArgumentParser"],
    ]

    static let libraries = pure.merging(engines) { $1 }.merging(io) { $1 }
    static let all = libraries.merging(executables) { $1 }

    /// Modules from outside that have a home, and every target they may be imported in.
    static let homes: [String: Set<String>] = [
        "Yams": ["Configuration"],
        "ArgumentParser": ["tidegate", "tidegate-standin"],
        "COpenSSL": ["Crypto", "TLS", "StandIn"],
        "CNGHTTP2": ["HTTP2", "StandIn"],
        "CCurl": ["Fetch"],
        "CHiredis": ["Redis"],
        "CLinux": ["Reactor"],
        "CDemoAudio": ["StandIn"],
        "CAdminPages": ["RelayServer"],
    ]
}
