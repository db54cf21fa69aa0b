import Testing

@testable import Policy

@Suite struct RefusalTests {
    @Test(
        arguments: [
            (.badRequest, "bad-request", [400, 404, 405, 426, 431], 4400),
            (.unauthenticated, "unauthenticated", [401], 4401),
            (.origin, "origin", [403], 4403),
            (.residency, "residency", [403], 4403),
            (.wrongSite, "wrong-site", [421], 4421),
            (.limit, "limit", [429], 4429),
            (.upstreamRefused, "upstream-refused", [502], 4502),
            (.upstreamUnavailable, "upstream-unavailable", [503], 4503),
            (.timeout, "timeout", [504, 408], 4504),
            (.draining, "draining", [503], 1012),
        ] as [(RefusalName, String, [Int], UInt16)])
    func everyNameHasItsStatusesAndCode(name: RefusalName, text: String, statuses: [Int], code: UInt16) {
        #expect(name.rawValue == text)
        #expect(name.statuses == statuses)
        #expect(name.closeCode == code)
        #expect(name.type == "urn:tidegate:refusal:\(text)")
        #expect(Refusal(name, "").status == statuses[0])
    }

    @Test func theTableIsWhole() {
        #expect(RefusalName.allCases.count == 10)
    }

    @Test func aStatusOfAnotherNameIsNotTaken() {
        #expect(Refusal(.timeout, "", status: 408).status == 408)
        #expect(Refusal(.timeout, "", status: 200).status == 504)
    }

    @Test func theStatusBringsItsHeaderFields() {
        #expect(names(Refusal(.badRequest, "", status: 405)) == ["Allow"])
        #expect(names(Refusal(.badRequest, "", status: 426)) == ["Upgrade", "Connection", "Sec-WebSocket-Version"])
        #expect(names(Refusal(.unauthenticated, "")) == ["WWW-Authenticate"])
        #expect(names(Refusal(.origin, "")).isEmpty)
        let limit = Refusal(.limit, "", retryAfter: .milliseconds(1_200)).headerFields
        #expect(limit.map(\.value) == ["2"])
        #expect(Refusal(.limit, "", retryAfter: .zero).headerFields.map(\.value) == ["1"])
    }
}

private func names(_ refusal: Refusal) -> [String] {
    refusal.headerFields.map(\.name)
}
