import Testing

@Suite struct TestFilesTests {
    /// `RelayServer` is told in numbered stories over real sockets; its files have tests of their own where a story says too little.
    @Test(arguments: Arrows.libraries.keys.filter { $0 != "RelayServer" }.sorted())
    func everySourceFileHasATestFileOfItsName(target: String) throws {
        let tests = Set(try SourceTree.files(under: "Tests/\(target)Tests").map(\.name))
        for file in try SourceTree.files(under: "Sources/" + target) where testedElsewhere[file.path] == nil {
            #expect(tests.contains(file.name + "Tests"), "\(file.path) has no \(file.name)Tests.swift")
        }
    }

    @Test func everyExceptionIsStillNeeded() throws {
        let files = Dictionary(grouping: try SourceTree.files(under: "Sources"), by: \.path)
        for path in testedElsewhere.keys {
            #expect(files[path] != nil, "\(path) is gone")
        }
    }
}

/// Source files without a test file of their own, and the reason.
private let testedElsewhere: [String: String] = [
    "Sources/Configuration/KeyType.swift": "SchemaCheckTests and ScalarsTests read values of every type",
    "Sources/Configuration/ParameterRules+Section.swift": "TidegateFileTests and PolicyFileTests read them",
    "Sources/Configuration/Section.swift": "TidegateFileTests and PolicyFileTests read through it",
    "Sources/HTTP2/HTTP2Callbacks.swift": "HTTP2ConnectionTests hears through every one",
    "Sources/HTTP2/HTTP2Connection+Reports.swift": "HTTP2ConnectionTests and FlowControlTests come to every report",
    "Sources/HTTP2/HTTP2Connection+Streams.swift": "HTTP2ConnectionTests and FlowControlTests drive streams",
    "Sources/HTTP2/HTTP2Connection+Suspicion.swift": "AbuseTests comes to every act",
    "Sources/HTTP2/HTTP2Delegate.swift": "HTTP2ConnectionTests compares what it is told",
    "Sources/HTTP2/HTTP2Stream.swift": "values without behaviour",
    "Sources/HTTP2/NGHTTP2.swift": "values without behaviour",
    "Sources/HTTP2/NGHTTP2+Session.swift": "HTTP2SettingsTests and AbuseTests see what is set",
    "Sources/Policy/Ascii.swift": "ZoneTests, TenantTests and OriginPatternTests use every class",
    "Sources/Policy/Decision.swift": "DecideTests compares decisions and trails",
    "Sources/Policy/PolicyRequest.swift": "values without behaviour",
    "Sources/Policy/PolicySnapshot.swift": "DecideTests decides under them",
    "Sources/Policy/SubjectReader.swift": "CertificateNameTests reads every form through it",
    "Sources/Policy/Site.swift": "values without behaviour",
    "Sources/Reactor/Epoll.swift": "EventLoopTests waits through it",
    "Sources/Reactor/Readiness.swift": "values without behaviour",
    "Sources/Receipts/ReceiptEntry.swift": "ReceiptLineTests writes every kind",
    "Sources/Receipts/ReceiptFault.swift": "values without behaviour",
    "Sources/Receipts/ReceiptVerdict.swift": "ReceiptVerifierTests comes to every one",
    "Sources/Redis/RedisError.swift": "values without behaviour",
    "Sources/RelayCore/Leg.swift": "every session has two",
    "Sources/RelayCore/SessionAction.swift": "values without behaviour",
    "Sources/RelayCore/SessionEvent.swift": "values without behaviour",
    "Sources/RelayCore/SessionSettings.swift": "values without behaviour",
    "Sources/RelayCore/SessionSummary.swift": "values without behaviour",
    "Sources/RelayCore/UpstreamPeer.swift": "values without behaviour",
    "Sources/StandIn/Bridge/BridgeProgram.swift": "Tests/Conformance starts it",
    "Sources/StandIn/Bridge/BridgeTrunk.swift": "RelayServerTests tells its stories over it",
    "Sources/StandIn/Bridge/BridgedClient.swift": "RelayServerTests tells its stories over it",
    "Sources/StandIn/Bridge/HTTP2Bridge.swift": "RelayServerTests tells its stories over it",
    "Sources/StandIn/StopSignal.swift": "every test of a program starts it and ends it so",
    "Sources/StandIn/CertificateFolder.swift": "StandInProgramTests fills and removes one",
    "Sources/StandIn/HTTP2ClientEvent.swift": "values without behaviour",
    "Sources/Telemetry/MetricFamily+Process.swift": "MetricFamilyTests reads every family",
    "Sources/Telemetry/MetricFamily+Relay.swift": "MetricFamilyTests reads every family",
    "Sources/Telemetry/MetricFamily+Sessions.swift": "MetricFamilyTests reads every family",
    "Sources/Telemetry/MetricFamily+Upstreams.swift": "MetricFamilyTests reads every family",
    "Sources/TLS/Agreement.swift": "TLSConnectionTests and TakeOverTests ask for all of it",
    "Sources/TLS/KeptCertificates.swift": "TakeOverTests asks for all that is in them",
    "Sources/TLS/OpenSSLEngine.swift": "TLSConnectionTests drives it, TakeOverTests ends it",
    "Sources/TLS/PEM.swift": "TLSCertificateTests and TrustStoreTests read through it",
    "Sources/TLS/RecordLayer.swift": "values without behaviour",
    "Sources/TLS/SharedContext.swift": "TLSServerContextTests and TLSClientContextTests make them",
    "Sources/TLS/TLSConnection+Peer.swift": "PeerCertificateTests and TakeOverTests ask for all of it",
    "Sources/TLS/TLSProgress.swift": "values without behaviour",
    "Sources/TLS/TLSVersion.swift": "TLSConnectionTests negotiates each",
    "Sources/TLS/Wire.swift": "TLSConnectionTests reads and writes through it",
]
