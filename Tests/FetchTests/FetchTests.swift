import Fetch
import Foundation
import RelayTestKit
import StandIn
import Testing

@Suite(.timeLimit(.minutes(10))) struct FetchTests {
    @Test func anAnswerHasStatusFieldsBodyTimesAndAddress() throws {
        let harbour = try Harbour()
        let response = try Fetch.perform(harbour.request())
        #expect(response.status == 404)
        #expect(response.first("content-type") == "application/json")
        #expect(response.first("Nothing-Of-This-Name") == nil)
        #expect(String(decoding: response.body, as: UTF8.self) == #"{"error":"Not Found"}"#)
        #expect(response.address == "127.0.0.1")
        let times = response.timings
        #expect(times.connected > .zero)
        #expect(times.secured > times.connected)
        #expect(times.firstByte >= times.secured)
        #expect(times.total >= times.firstByte)
    }

    @Test func whatIsSentIsWhatWasAsked() throws {
        let harbour = try Harbour()
        var request = harbour.request("/nothing?a=b", zone: "plain")
        request.fields = [("X-One", "1"), ("X-Empty", "")]
        _ = try Fetch.perform(request)
        let head = try #require(harbour.heads.first)
        #expect(head.hasPrefix("GET /nothing?a=b HTTP/1.1\r\n"))
        #expect(head.contains("\r\nX-One: 1\r\n"))
        #expect(head.contains("\r\nX-Empty:"))
        #expect(!head.lowercased().contains("authorization"))
    }

    @Test func headersCanBeAskedForAlone() throws {
        let harbour = try Harbour()
        var request = harbour.request(zone: "plain")
        request.method = .head
        request.timeout = .seconds(2)
        let response = try Fetch.perform(request)
        #expect(response.status == 404)
        #expect(response.body.isEmpty)
    }

    @Test(arguments: [[UInt8]("{}".utf8), [], [0, 255, 0], Array(repeating: 7, count: 300_000)])
    func whatIsPostedIsSentAsItIs(body: [UInt8]) throws {
        let collector = try BodyCollector()
        var request = FetchRequest(collector.url)
        request.method = .post
        request.body = body
        request.fields = [("Content-Type", "application/json")]
        #expect(try Fetch.perform(request).status == 204)
        let received = try #require(collector.requests.first)
        #expect(received.head.hasPrefix("POST /v1/traces HTTP/1.1\r\n"))
        #expect(received.head.contains("Content-Length: \(body.count)\r\n"))
        #expect(received.head.contains("Content-Type: application/json\r\n"))
        #expect(received.body == body)
    }

    @Test func aRedirectIsAnAnswerAndNotFollowed() throws {
        let harbour = try Harbour()
        harbour.standIn.fail("secure", with: [Fault(.redirect("https://localhost:1/elsewhere"))])
        let response = try Fetch.perform(harbour.request())
        #expect(response.status == 302)
        #expect(response.first("Location") == "https://localhost:1/elsewhere")
        #expect(harbour.heads.count == 1)
    }

    @Test(arguments: [["stt.example.com"], ["127.0.0.2"]])
    func aCertificateForAnotherNameIsRefused(names: [String]) throws {
        let harbour = try Harbour(names: names)
        #expect(failure(of: harbour.request()) == .notVerified)
        #expect(harbour.heads.isEmpty)
    }

    @Test func anExpiredCertificateIsRefused() throws {
        let harbour = try Harbour(validity: .expired)
        #expect(failure(of: harbour.request()) == .notVerified)
        #expect(harbour.heads.isEmpty)
    }

    @Test func theAuthoritiesOfAFileAreTheOnlyOnes() throws {
        let harbour = try Harbour()
        var request = harbour.request()
        request.authority = .system
        #expect(failure(of: request) == .notVerified)
        request.authority = .file("/nowhere/authority.crt")
        #expect(failure(of: request) == .badRequest)
    }

    @Test func aPinThatDoesNotMatchIsRefused() throws {
        let harbour = try Harbour()
        var request = harbour.request()
        request.pins = [[UInt8](repeating: 7, count: 32)]
        #expect(failure(of: request) == .notVerified)
        #expect(harbour.heads.isEmpty)
    }

    @Test func theConnectionGoesWhereTheRouteSaysAndTheNameStaysTheUrls() throws {
        let harbour = try Harbour(names: ["stt.example.com"])
        let port = try #require(harbour.standIn.ports["secure"])
        var request = FetchRequest("https://stt.example.com/nothing")
        request.authority = .file(harbour.authorityFile)
        request.route = .address("127.0.0.1", port: port)
        #expect(try Fetch.perform(request).status == 404)
        #expect(harbour.heads.first?.contains("Host: stt.example.com\r\n") == true)
    }

    @Test func aLargeBodyIsNotTaken() throws {
        let harbour = try Harbour()
        harbour.standIn.fail("plain", with: [Fault(.status(200, body: String(repeating: "x", count: 1000)))])
        var request = harbour.request(zone: "plain")
        request.maxBodyBytes = 1000
        #expect(try Fetch.perform(request).body.count == 1000)
        request.maxBodyBytes = 999
        #expect(failure(of: request) == .tooLarge)
    }

    @Test func aSilentServerIsNotWaitedForLong() throws {
        let harbour = try Harbour()
        harbour.standIn.fail("plain", with: [Fault(.noAnswer)])
        var request = harbour.request(zone: "plain")
        request.timeout = .milliseconds(100)
        #expect(failure(of: request) == .tooLate)
    }

    @Test func nobodyListeningIsSaidSo() throws {
        #expect(failure(of: FetchRequest("http://127.0.0.1:1/")) == .notConnected)
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "no url at all", ""])
    func nothingButHttpIsSpoken(url: String) {
        #expect(failure(of: FetchRequest(url)) == .badRequest)
    }

    @Test(arguments: ["1\r\nX-Two: 2", "1\u{0}", "1\n"])
    func aFieldCannotBecomeTwo(value: String) {
        var request = FetchRequest("http://127.0.0.1:1/")
        request.fields = [("X-One", value)]
        #expect(failure(of: request) == .badRequest)
    }

    @Test func proxiesOfTheEnvironmentAreNotAskedUnlessWanted() throws {
        let harbour = try Harbour()
        // For this process; no other test here wants a proxy.
        setenv("http_proxy", "http://127.0.0.1:1", 1)
        defer { unsetenv("http_proxy") }
        var request = harbour.request(zone: "plain")
        #expect(try Fetch.perform(request).status == 404)
        request.usesEnvironmentProxies = true
        #expect(failure(of: request) == .notConnected)
    }
}
