import Crypto
import Redis
import Testing

@Suite struct RedisCommandTests {
    @Test func aCommandIsAnArrayOfBulkStrings() {
        #expect(RedisCommand.bytes(["PING"]) == Array("*1\r\n$4\r\nPING\r\n".utf8))
        #expect(RedisCommand.bytes(["GET", "ü\r\n"]) == Array("*2\r\n$3\r\nGET\r\n$4\r\nü\r\n\r\n".utf8))
        #expect(RedisCommand.bytes(["SET", "a", ""]) == Array("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n".utf8))
    }

    @Test(arguments: [
        (nil, "*2\r\n$4\r\nAUTH\r\n$4\r\nhush\r\n"), ("tide", "*3\r\n$4\r\nAUTH\r\n$4\r\ntide\r\n$4\r\nhush\r\n"),
    ])
    func aPasswordIsKeptAsASecret(user: String?, bytes: String) {
        let command = RedisCommand.authenticate(as: user, with: Secret("hush"))
        #expect(command.withBytes { Array($0) } == Array(bytes.utf8))
        #expect("\(command)" == "‹redacted›")
    }
}
