import Redis
import Testing

@Suite struct RedisReplyTests {
    @Test func aReplyIsReadAsWhatItIsAndNothingElse() {
        #expect(RedisReply.integer(5).integer == 5 && RedisReply.status("5").integer == nil)
        #expect(RedisReply.bulk([0x41]).text == "A" && RedisReply.status("OK").text == "OK")
        #expect(RedisReply.integer(5).text == nil && RedisReply.null.text == nil)
        #expect(RedisReply.array([.null]).items == [.null] && RedisReply.null.items == nil)
    }

    @Test(
        arguments: [
            ("NOAUTH Authentication required.", "NOAUTH"), ("WRONGPASS tg_secret", "WRONGPASS"), ("oh no", "ERR"),
            ("", "ERR"), ("READONLY", "READONLY"),
            (String(repeating: "A", count: 50), String(repeating: "A", count: 20)),
        ])
    func ofAnErrorItsFirstWordIsTold(text: String, word: String) {
        #expect(RedisReply.error(text).errorWord == word)
        #expect(RedisReply.status(text).errorWord == nil)
    }
}
