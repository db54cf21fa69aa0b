import Configuration
import Crypto
import Fetch
import Identity
import RelayTestKit
import StandIn
import Testing
import Timing

@testable import RelayServer

@Suite struct KeySetStoreTests {
    @Test func keysAreFetchedAtOnceAndWhoComesBeforeThemWaits() throws {
        let provider = ScriptedProvider()
        provider.publish(["1": .p256], at: url)
        provider.state.update { $0.held = [url] }
        let store = KeySetStore(provider.tools)
        #expect(store.keys(of: issuer) == nil)
        store.change(to: [source()])
        #expect(provider.hasBeenAsked(times: 1))
        let called = Calls()
        store.refresh(issuer) { called.add() }
        #expect(called.count == 0)
        provider.state.update { $0.held = [] }
        #expect(called.come(to: 1))
        #expect(store.keys(of: issuer)?.count == 1)
        #expect(provider.requests == [url])
        let line = try provider.log.line("key-set-available")
        #expect(line["issuer"]?.string == issuer)
    }

    @Test func aNewKeyIsFoundByWhoAsksOnceForAll() {
        let (provider, store) = running(["1": .p256])
        provider.publish(["1": .p256, "2": .ed25519], at: url)
        provider.state.update { $0.held = [url] }
        let called = Calls()
        for _ in 0..<100 { store.refresh(issuer) { called.add() } }
        #expect(provider.hasBeenAsked(times: 2))
        #expect(called.count == 0)
        provider.state.update { $0.held = [] }
        #expect(called.come(to: 100))
        #expect(store.keys(of: issuer)?.count == 2)
        #expect(provider.requests.count == 2)
    }

    @Test func whoAsksAgainWithinTenSecondsIsAnsweredAtOnceByTheKeysAtHand() {
        let (provider, store) = running(["1": .p256])
        refresh(store)
        let called = Calls()
        for _ in 0..<1000 { store.refresh(issuer) { called.add() } }
        #expect(called.count == 1000)
        #expect(provider.requests.count == 2)
        provider.pass(KeySetSchedule.pause)
        refresh(store)
        #expect(provider.requests.count == 3)
    }

    /// Every fetch hangs for so long that somebody may ask for the next meanwhile.
    @Test func whoeverWaitsIsAnsweredInOrderByTheFetchUnderWayOrTheNext() {
        let (provider, store) = running(["1": .p256])
        let called = Order()
        provider.state.update { $0.held = [url] }
        store.refresh(issuer) { called.add(1) }
        for round in 2...20 {
            #expect(provider.hasBeenAsked(times: round))
            provider.pass(KeySetSchedule.pause)
            store.refresh(issuer) { called.add(round) }
            #expect(called.all == Array(1..<round - 1))
            // One answer goes, the next request hangs.
            provider.release()
            #expect(called.come(to: round - 1))
        }
        #expect(called.all == Array(1...19))
        provider.state.update { $0.held = [] }
        #expect(called.come(to: 20))
    }

    @Test func thoseWhoWaitAreBounded() {
        let (provider, store) = running(["1": .p256])
        provider.state.update { $0.held = [url] }
        let called = Calls()
        for _ in 0..<KeySetKeeper.maxWaiting { store.refresh(issuer) { called.add() } }
        #expect(called.count == 0)
        for _ in 0..<10 { store.refresh(issuer) { called.add() } }
        #expect(called.count == 10)
        provider.state.update { $0.held = [] }
        #expect(called.come(to: KeySetKeeper.maxWaiting + 10))
    }

    @Test func aProviderThatIsAwayForAnHourCostsNobodyAKnownKey() throws {
        let (provider, store) = running(["1": .p256])
        let set = try #require(store.keys(of: issuer))
        provider.leave()
        for _ in 0..<360 {
            provider.pass(.seconds(10))
            refresh(store)
            #expect(store.keys(of: issuer)?.count == set.count)
        }
        #expect(store.counts[issuer]?.fetched == 1)
        #expect((360...800).contains(store.counts[issuer]?.failed ?? 0))
        #expect(provider.log.text.filter { $0.contains("key-set-unavailable") }.count == 1)
        provider.publish(["2": .ed25519, "3": .p256], at: url)
        provider.pass(.seconds(60))
        refresh(store)
        #expect(store.keys(of: issuer)?.count == 2)
        #expect(provider.log.text.filter { $0.contains("key-set-available") }.count == 2)
    }

    @Test func aFaultyAnswerDisplacesNoKeys() {
        let (provider, store) = running(["1": .p256])
        provider.publish(#"{"keys":[]}"#, at: url)
        refresh(store)
        #expect(store.keys(of: issuer)?.count == 1)
        #expect(store.counts[issuer] == KeySetCount(fetched: 1, failed: 1))
    }

    @Test func theKeysAreFetchedAgainWhenTheyAreOld() {
        let (provider, store) = running(["1": .p256])
        refresh(store)
        provider.publish(["1": .p256, "2": .ed25519], at: url)
        provider.pass(KeySetSchedule.interval)
        // Whoever asks makes the thread look at the clock, whatever the answer.
        refresh(store)
        #expect(store.keys(of: issuer)?.count == 2)
    }

    @Test func aChangedConfigurationKeepsWhatIsFoundWhereItWas() {
        let (provider, store) = running(["1": .p256])
        provider.leave()
        store.change(to: [source(), source("https://other.example")])
        #expect(store.keys(of: issuer)?.count == 1)
        #expect(provider.hasBeenAsked(times: 2))
        store.change(to: [source(authority: .file("/ca.pem"))])
        #expect(store.keys(of: issuer) == nil)
        #expect(provider.hasBeenAsked(times: 3))
        #expect(store.keys(of: "https://other.example") == nil)
        store.change(to: [])
        #expect(store.keys(of: issuer) == nil)
        #expect(store.counts.isEmpty)
    }

    @Test func whoWaitsIsToldWhenTheProviderIsNoLongerAsked() {
        let (provider, store) = running(["1": .p256])
        provider.state.update { $0.held = [url] }
        let called = Calls()
        store.refresh(issuer) { called.add() }
        #expect(provider.hasBeenAsked(times: 2))
        store.stop()
        #expect(called.count == 1)
        store.refresh(issuer) { called.add() }
        #expect(called.count == 2)
        provider.state.update { $0.held = [] }
    }

    @Test func aProviderThatHangsHoldsUpNoOther() {
        let provider = ScriptedProvider()
        provider.publish(["1": .p256], at: url)
        provider.state.update { $0.held = ["https://other.example/keys"] }
        let store = KeySetStore(provider.tools)
        store.change(to: [source("https://other.example"), source()])
        refresh(store)
        #expect(store.keys(of: issuer)?.count == 1)
        #expect(store.keys(of: "https://other.example") == nil)
        provider.state.update { $0.held = [] }
    }

    @Test func theKeysOfAFileComeWithTheConfiguration() throws {
        let provider = ScriptedProvider()
        let store = KeySetStore(provider.tools)
        let set = try KeySet(TokenSigner.keySet(TokenSigner.p256.jwk(id: "1")))
        store.change(to: [KeySetSource(issuer: issuer, place: .given(set))])
        #expect(store.keys(of: issuer)?.count == 1)
        refresh(store)
        refresh(store, "https://nobody.example")
        #expect(provider.requests.isEmpty)
        #expect(store.counts.isEmpty)
    }
}

/// Over real TLS: a stand-in answers with whatever it is told to.
@Suite struct KeySetOverHTTPSTests {
    @Test func aKeySetComesOverHTTPSFromItsOwnAuthorityAlone() throws {
        let harbour = try RelayHarbour()
        let set = String(decoding: TokenSigner.keySet(TokenSigner.rsa.jwk(id: "1")), as: UTF8.self)
        harbour.standIn.fail("us", with: [StandIn.Fault(.status(200, body: set))])
        let authority = harbour.folder + "/authority.crt"
        #expect(try find(harbour, .file(authority)) == 1)
        #expect(throws: KeySetFailure.self) { try find(harbour, .system) }
    }

    @Test(arguments: [
        StandIn.Fault.Act.redirect("https://localhost:1/keys"), .redirect("http://localhost:1/keys"),
        .status(500, body: nil),
        .status(200, body: String(repeating: " ", count: KeySet.maxBytes + 1)), .reset, .end,
    ])
    func whatIsNoPlainAnswerIsNotTaken(act: StandIn.Fault.Act) throws {
        let harbour = try RelayHarbour()
        harbour.standIn.fail("us", with: [StandIn.Fault(act)])
        #expect(throws: KeySetFailure.self) { try find(harbour, .file(harbour.folder + "/authority.crt")) }
    }

    @Test func withoutTLSNothingIsAsked() throws {
        let address = KeySetAddress(issuer: "i", location: .url("http://127.0.0.1:1/"), authority: .system)
        var finder = KeySetFinder(address, KeySetFinder.fetch)
        do throws(KeySetFailure) {
            _ = try finder.find(inHaste: false)
        } catch {
            #expect(error.text.hasPrefix("badRequest"))
        }
    }

    private func find(_ harbour: RelayHarbour, _ authority: VerifySettings.Authority) throws -> Int {
        let url = "https://localhost:\(harbour.standIn.ports["us"] ?? 0)/keys"
        let address = KeySetAddress(issuer: "i", location: .url(url), authority: authority)
        var finder = KeySetFinder(address, KeySetFinder.fetch)
        return try finder.find(inHaste: false).keys.count
    }
}

private let issuer = "https://login.example.com"
private let url = "https://login.example.com/keys"

private func source(_ issuer: String = issuer, authority: VerifySettings.Authority = .system) -> KeySetSource {
    let address = KeySetAddress(issuer: issuer, location: .url(issuer + "/keys"), authority: authority)
    return KeySetSource(issuer: issuer, place: .remote(address))
}

/// A store that has fetched these keys once, without anybody having asked.
private func running(_ signers: [String: TokenSigner]) -> (ScriptedProvider, KeySetStore) {
    let provider = ScriptedProvider()
    provider.publish(signers, at: url)
    let store = KeySetStore(provider.tools)
    provider.state.update { $0.held = [url] }
    store.change(to: [source()])
    #expect(provider.hasBeenAsked(times: 1))
    let called = Calls()
    store.refresh(issuer) { called.add() }
    provider.state.update { $0.held = [] }
    #expect(called.come(to: 1))
    return (provider, store)
}

/// Asks for newer keys and waits until that has been tried, or was not allowed.
private func refresh(_ store: KeySetStore, _ issuer: String = issuer) {
    let called = Calls()
    store.refresh(issuer) { called.add() }
    #expect(called.come(to: 1))
}

/// Notes in which order calls come, from any thread.
private final class Order: Sendable {
    private let calls = Monitor<[Int]>([])

    var all: [Int] { calls.snapshot }

    func add(_ number: Int) {
        calls.update { $0.append(number) }
    }

    func come(to count: Int) -> Bool {
        calls.wait(upTo: RelayHarbour.patience) { $0.count >= count ? true : nil } ?? false
    }
}

/// Counts calls from any thread.
private final class Calls: Sendable {
    private let calls = Monitor(0)

    var count: Int { calls.snapshot }

    func add() {
        calls.update { $0 += 1 }
    }

    func come(to count: Int) -> Bool {
        calls.wait(upTo: RelayHarbour.patience) { $0 >= count ? true : nil } ?? false
    }
}
