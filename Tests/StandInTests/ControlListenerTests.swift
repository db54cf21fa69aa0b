import HTTP
import StandIn
import Testing

@Suite struct ControlListenerTests {
    @Test func zonesAndTheLedgerCanBeRead() throws {
        let bed = try TestBed(controlPort: 0)
        let zones = try control(bed, "/zones")
        #expect(zones.body == [["name": "eu", "port": JSONValue(bed.port), "scheme": "ws"]])
        try bed.client().begin()
        #expect(try control(bed, "/ledger").body["sessions"]?.items?.count == 1)
        #expect(try control(bed, "/ledger", method: "DELETE").status == 200)
        #expect(try control(bed, "/ledger").body["sessions"]?.items?.isEmpty == true)
    }

    @Test func faultsCanBeSetAndCleared() throws {
        let bed = try TestBed(controlPort: 0)
        let order = #"{"zone":"eu","faults":["http:503"],"times":2}"#
        #expect(try control(bed, "/fault", method: "POST", body: order).body["faults"] == 1)
        guard case .answered(let head, _) = bed.client().next() else { throw TestBed.Unanswered() }
        #expect(head.status == 503)
        #expect(try control(bed, "/fault", method: "DELETE").status == 200)
        try bed.client().begin()
    }

    @Test(arguments: [
        "", "{", #"{"zone":"mars","faults":[]}"#, #"{"zone":"eu","faults":["nonsense"]}"#,
        #"{"zone":"eu","faults":[5]}"#,
    ])
    func badOrdersAreRefused(_ order: String) throws {
        let bed = try TestBed(controlPort: 0)
        #expect(try control(bed, "/fault", method: "POST", body: order).status == 400)
    }

    @Test func thereIsNothingElse() throws {
        let bed = try TestBed(controlPort: 0)
        #expect(try control(bed, "/").status == 404)
    }

    private func control(
        _ bed: TestBed, _ path: String, method: String = "GET", body: String = ""
    ) throws -> (status: Int, body: JSONValue) {
        let fields: HeaderFields = body.isEmpty ? [:] : ["Content-Length": String(body.utf8.count)]
        return try bed.get(
            path, method: method, port: bed.server.controlPort, fields: fields, body: Array(body.utf8))
    }
}
