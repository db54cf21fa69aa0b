import Policy
import Testing

@testable import RelayServer

@Suite struct AdmissionTests {
    @Test func sessionsAreAdmittedUpToTheLimit() {
        let sessions = SessionCount(limit: 2)
        #expect(sessions.enter() == .admitted)
        #expect(sessions.enter() == .admitted)
        #expect(sessions.enter() == .over(.relaySessions, what: "2 sessions at this relay", retryAfter: .seconds(5)))
        #expect(sessions.current == 2)
    }

    @Test func whoeverLeavesMakesRoomForOneMore() {
        let sessions = SessionCount(limit: 1)
        #expect(sessions.enter() == .admitted)
        sessions.leave()
        #expect(sessions.current == 0)
        #expect(sessions.enter() == .admitted)
        #expect(sessions.enter() != .admitted)
    }

    @Test func aLimitOfNoneAdmitsNobody() {
        #expect(SessionCount(limit: 0).enter() != .admitted)
    }

    @Test func noMoreThanTheLimitAreAdmittedWhenManyAskAtOnce() async {
        let sessions = SessionCount(limit: 100)
        let admitted = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<1_000).count { _ in sessions.enter() == .admitted } }
            }
            return await group.reduce(0, +)
        }
        #expect(admitted == 100 && sessions.current == 100)
    }
}
