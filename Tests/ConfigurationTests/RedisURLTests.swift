import Testing

@testable import Configuration

@Suite struct RedisURLTests {
    @Test(
        arguments: [
            ("redis://redis.example:6379/0", false, nil, "redis.example", 6379, 0),
            ("redis://Redis", false, nil, "redis", 6379, 0), ("rediss://r/3", true, nil, "r", 6379, 3),
            ("redis://r/", false, nil, "r", 6379, 0), ("REDISS://tide@r:1", true, "tide", "r", 1, 0),
            ("redis://127.0.0.1:7000", false, nil, "127.0.0.1", 7000, 0),
            ("redis://[::1]:7000/1", false, nil, "::1", 7000, 1),
        ] as [(String, Bool, String?, String, UInt16, Int)])
    func aURLNamesAServer(
        text: String, isSecure: Bool, user: String?, host: String, port: UInt16, database: Int
    ) throws {
        let url = try #require(RedisURL(text))
        #expect(url.isSecure == isSecure && url.user == user && url.host == host && url.port == port)
        #expect(url.database == database && !url.hasPassword)
    }

    @Test(arguments: ["redis://:hush@r", "redis://u:hush@r:1/0", "rediss://u:@r"]) func aPasswordIsNoticed(text: String)
    {
        #expect(RedisURL(text)?.hasPassword == true)
    }

    @Test(
        arguments: [
            "", "redis", "redis://", "http://r", "redis:r", "redis://r:x", "redis://r:70000", "redis://r/x",
            "redis://r/-1",
            "redis://r/1/2", "redis://@r", "redis://a@b@c", "redis://r r", "redis://r?x", "redis://r/1000000",
            "redis:///0",
        ])
    func whatIsNoSuchURLIsNone(text: String) {
        #expect(RedisURL(text) == nil)
    }
}
