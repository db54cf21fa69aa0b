// swift-tools-version: 6.2
// The first architecture document: every target, what it may know, and the arrows between them.
// Arrows point down only. `scripts/test` builds with the import check, so an undeclared arrow is an error.
import PackageDescription

let rules: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let cRules: [CSetting] = [.treatAllWarnings(as: .error)]

func library(_ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: rules + settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.byName(name: name), "RelayTestKit"] + dependencies, resources: resources,
        swiftSettings: rules)
}

let package = Package(
    name: "tidegate",
    products: [
        .executable(name: "tidegate", targets: ["tidegate"]),
        .executable(name: "tidegate-standin", targets: ["tidegate-standin"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Pure: rules only. No sockets, no TLS, no clock, no files; `ArchitectureTests` holds them to it.
        library("Timing"),  // an instant on the monotonic clock, as an argument
        library("Bytes", settings: [.enableExperimentalFeature("Lifetimes")]),  // a queue of bytes, lent as a span
        library("JSON", ["Bytes"]),  // objects written member by member; single members found
        library("HTTP", ["JSON", "Bytes"]),  // HTTP/1.1 heads, targets, problem details
        library("WebSocket", ["HTTP", "Bytes"]),  // RFC 6455: frames, rules, both handshakes
        library("Policy"),  // who may be heard where: the decision and its grant
        library("Telemetry", ["JSON"]),  // one JSON object a line; a closed set of fields
        // The audit log: what a line says, and when a log is whole.
        library("Receipts", ["Policy", "JSON", "Bytes"], settings: [.enableExperimentalFeature("Lifetimes")]),
        library("RelayCore", ["WebSocket", "JSON", "Policy", "Timing", "Bytes"]),  // what happens next to a session

        // Engines: a C library, but only over bytes in memory.
        library("Crypto", ["COpenSSL"]),  // digests, random bytes, constant time, secrets
        library("Redis", ["CHiredis", "Crypto"]),  // commands to bytes, bytes to replies
        library("TLS", ["COpenSSL", "Crypto", "Bytes"]),  // ciphertext in, plaintext out, and the reverse
        library("HTTP2", ["CNGHTTP2", "HTTP", "Timing", "Bytes"]),  // frames in, requests out, and the reverse
        library("Identity", ["Policy", "Crypto", "JSON"]),  // a credential and the tenant it proves

        // IO: descriptors, threads, clocks and files.
        library("Reactor", ["CLinux", "Timing"]),  // epoll loops, timers, mailboxes, names
        library("Transport", ["Reactor", "TLS", "Crypto", "Bytes", "Timing"]),  // descriptor + optional TLS + outbox
        library("Configuration", ["Policy", "Crypto", "JSON", .product(name: "Yams", package: "Yams")]),  // YAML
        library("Fetch", ["CCurl", "Crypto"]),  // one HTTP request through libcurl, for commands
        library(
            "RelayServer",
            [
                "Configuration", "RelayCore", "Receipts", "Identity", "Transport", "Reactor", "TLS", "Crypto",
                "Telemetry", "HTTP2",
                "Fetch", "Redis", "WebSocket", "HTTP", "JSON", "Policy", "Timing", "Bytes", "CAdminPages",
            ]),

        // The provider's stand-in: an upstream and a client for demonstrations and tests. Knows nothing of the relay.
        library(
            "StandIn",
            [
                "Transport", "Reactor", "TLS", "HTTP2", "Crypto", "COpenSSL", "CNGHTTP2", "CDemoAudio", "WebSocket",
                "HTTP", "Timing", "Bytes",
            ]),

        .executableTarget(
            name: "tidegate",
            dependencies: [
                "RelayServer", "Configuration", "Policy", "Receipts", "Identity", "Telemetry", "StandIn", "Reactor",
                "TLS",
                "Crypto", "HTTP",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: rules),
        .executableTarget(
            name: "tidegate-standin",
            dependencies: ["StandIn", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: rules),

        // C: declarations only; the out-of-line part of CLinux is what glibc hides behind _GNU_SOURCE.
        .target(name: "CLinux", cSettings: cRules + [.define("_GNU_SOURCE")]),
        .target(
            name: "CAdminPages",
            exclude: [
                "console.html", "try.html", "style.css", "common.js", "metrics.js", "console.js", "try.js",
                "resampler.js",
            ], cSettings: cRules),  // the console, embedded
        .target(name: "CDemoAudio", exclude: ["speech.wav"], cSettings: cRules),  // recorded speech, embedded
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CHiredis", pkgConfig: "hiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        // What tests of several targets share.
        .target(
            name: "RelayTestKit", dependencies: ["Policy", "Crypto", "COpenSSL"], path: "Tests/RelayTestKit",
            swiftSettings: rules),
        tests("Timing"),
        tests("Bytes"),
        tests("JSON", ["Bytes"]),
        tests("HTTP", ["JSON", "Bytes"]),
        tests("WebSocket", ["HTTP", "Bytes"]),
        tests("Policy"),
        tests("Telemetry"),
        tests("Receipts", ["Policy", "Crypto", "JSON", "Bytes"]),
        tests("RelayCore", ["WebSocket", "JSON", "Policy", "Timing", "Bytes"]),
        tests("Redis", ["Crypto"]),
        tests("Crypto", ["COpenSSL", "JSON"]),
        tests("TLS", ["Crypto", "Bytes", "StandIn", "COpenSSL"]),
        tests("HTTP2", ["StandIn", "WebSocket", "HTTP", "Timing", "Bytes"]),
        tests("Identity", ["Policy", "Crypto", "JSON"]),
        tests("Reactor", ["Timing"]),
        tests("Transport", ["Reactor", "TLS", "Crypto", "Bytes", "Timing", "StandIn"]),
        tests("Configuration", ["Policy", "Crypto", "JSON"], resources: [.copy("Fixtures")]),
        tests("Fetch", ["StandIn", "HTTP", "TLS", "Crypto"]),
        tests("StandIn", ["Reactor", "HTTP2", "TLS", "Crypto", "WebSocket", "HTTP", "Timing"]),
        tests(
            "RelayServer",
            [
                "StandIn", "Configuration", "RelayCore", "Receipts", "Identity", "Transport", "Reactor", "TLS",
                "Crypto",
                "Telemetry", "WebSocket", "HTTP", "JSON", "Fetch", "Redis", "Policy", "Timing", "Bytes", "COpenSSL",
            ]),
        .testTarget(name: "ArchitectureTests", swiftSettings: rules),
    ]
)
