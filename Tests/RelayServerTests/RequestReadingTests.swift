import Configuration
import HTTP
import Identity
import Policy
import RelayCore
import Testing

@testable import RelayServer

@Suite struct RequestReadingTests {
    @Test func aProperRequestAsksForASession() throws {
        let reading = try read("/eu/v3/ws", ["Authorization": "tg_key"])
        let request = try reading.outcome.get()
        #expect(request.ask.zone?.name == "eu")
        #expect(request.origin == nil && request.hasAuthorization && request.refusalForm == .http)
        #expect(reading.upgrade != nil && reading.credential?.place == .authorization)
    }

    @Test(
        arguments: [
            ("/v3/ws?token=tg_key", [:], Credential.Place.tokenParameter),
            ("/v3/ws", ["Sec-WebSocket-Protocol": "tidegate.v1, bearer.tg_key"], .subprotocol),
        ] as [(String, HeaderFields, Credential.Place)])
    func aCredentialMayStandInSeveralPlaces(_ target: String, _ fields: HeaderFields, _ place: Credential.Place) throws
    {
        let reading = try read(target, fields)
        #expect(reading.credential?.place == place)
        #expect(try !reading.outcome.get().hasAuthorization)
    }

    @Test func aRequestWithoutACredentialIsStillARequest() throws {
        let reading = try read("/v3/ws")
        #expect(reading.credential == nil)
        #expect(try reading.outcome.get().ask.zone == nil)
    }

    @Test(
        arguments: [
            ("/v3/ws", 32_000), ("/v3/ws?sample_rate=8000&encoding=pcm_mulaw", 8_000),
            ("/v3/ws?encodin%67=pcm%5Fmulaw", 16_000), ("/v3/ws?encoding=opus", nil),
            ("/v3/ws?sample_rate=96000&sample_rate=8000", nil),
        ] as [(String, UInt64?)])
    func aRequestSaysWhatItsAudioWillBe(_ target: String, _ bytesPerSecond: UInt64?) throws {
        #expect(try read(target).outcome.get().audio.bytesPerSecond == bytesPerSecond)
    }

    @Test func aRequestSaysWhichParametersItHasAndNotTheirValues() throws {
        let request = try read("/v3/ws?a=hush&b%5Fc&a=&token=hush&&=x").outcome.get()
        #expect(request.parameters == ["a", "b_c", "token", ""])
    }

    @Test func aQueryHoldsOnlySoManyDifferentParameters() throws {
        let most = RequestReading.maxParameters
        let query = (0..<most).map { "p\($0)=1&p\($0)" }.joined(separator: "&")
        #expect(try read("/v3/ws?" + query).outcome.get().parameters.count == most)
        guard case .failure(let refusal) = try read("/v3/ws?\(query)&a").outcome else { throw Unexpected() }
        #expect(refusal.name == .badRequest && refusal.status == 400)
    }

    @Test(arguments: [
        ("/v3/ws?zone=mars", 400),
        ("/eu/v3/ws?zone=us", 400),
        ("/elsewhere", 404),
        ("/%2e%2e/v3/ws", 400),
    ]) func anImproperRequestIsABadRequestAndAPageMayBeToldInBand(_ target: String, _ status: Int) throws {
        let reading = try read(target, ["Origin": "https://app.example"])
        guard case .failure(let refusal) = reading.outcome else { throw Unexpected() }
        #expect(refusal.name == .badRequest && refusal.status == status)
        #expect(reading.upgrade != nil && reading.refusalForm == .webSocket)
    }

    @Test func whatIsNoProperHandshakeIsToldOverHTTP() throws {
        let reading = try read("/v3/ws", ["Sec-WebSocket-Version": "12", "Origin": "https://app.example"])
        guard case .failure(let refusal) = reading.outcome else { throw Unexpected() }
        #expect(refusal.name == .badRequest && refusal.status == 426)
        #expect(reading.upgrade == nil && reading.refusalForm == .http)
    }

    @Test(
        arguments: [
            (ListenerSettings.RefusalMode.auto, nil, RefusalForm.http),
            (.auto, "https://app.example", .webSocket),
            (.http, "https://app.example", .http),
            (.websocket, nil, .webSocket),
        ] as [(ListenerSettings.RefusalMode, String?, RefusalForm)])
    func howARefusalIsToldHangsOnTheListenerAndTheOrigin(
        _ mode: ListenerSettings.RefusalMode, _ origin: String?, _ form: RefusalForm
    ) throws {
        let fields: HeaderFields = origin.map { ["Origin": $0] } ?? [:]
        let request = try read("/v3/ws", fields, refusals: mode).outcome.get()
        #expect(request.refusalForm == form && request.origin == origin)
    }

    @Test func theRelaysOwnOriginIsTheOneTheClientUses() throws {
        let request = try read("/v3/ws", ["Origin": "http://relay.example"]).outcome.get()
        #expect(request.ownOrigins.map(\.description).contains("http://relay.example"))
    }
}

private struct Unexpected: Error {}

private func read(
    _ target: String, _ more: HeaderFields = [:], refusals: ListenerSettings.RefusalMode = .auto
) throws -> RequestReading {
    var fields: HeaderFields = [
        "Host": "relay.example", "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ]
    if more.count("Sec-WebSocket-Version") == 0 { fields.append("Sec-WebSocket-Version", "13") }
    fields.append(contentsOf: more)
    let listener = ListenerSettings(
        address: ListenAddress(try #require(IPAddress("127.0.0.1")), port: 0), refusals: refusals)
    let zones = try ["eu", "us"].map { ZoneDefinition(try #require(Zone($0)), endpoints: []) }
    let site = Site(name: "here")
    let snapshot = try RelaySnapshot(
        RelayConfiguration(
            settings: Settings(site: site, listeners: [listener], zones: []),
            policy: PolicySnapshot(version: "1", site: site, zones: zones, tenants: [])),
        environment: [:], cores: 1)
    let head = RequestHead(method: "GET", target: try RequestTarget(target), fields: fields)
    return RequestReading(
        head, showing: RequestReading.credential(of: head, certificate: nil),
        on: try #require(snapshot.listeners.first), under: snapshot)
}
