import Fetch
import StandIn
import Testing

@Suite struct EasyHandleTests {
    @Test func handlesOfSeveralThreadsDoNotMeet() async throws {
        let harbour = try Harbour()
        let request = harbour.request()
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { try Fetch.perform(request).status } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses == Array(repeating: 404, count: 8))
    }
}
