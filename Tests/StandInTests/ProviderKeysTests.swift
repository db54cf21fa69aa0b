import StandIn
import Testing

@Suite struct ProviderKeysTests {
    private let keys = ProviderKeys([("old", "key-1"), ("new", "key-2")])

    @Test func aKeyIsKnownByItsName() {
        #expect(keys.name(of: "key-2") == "new")
        #expect(keys.name(of: "Bearer key-2") == nil)
    }

    @Test func keysNeverStayInATextThatIsKept() {
        #expect(
            keys.redacting("Authorization: key-1\r\nX: key-2key-1")
                == "Authorization: {key:old}\r\nX: {key:new}{key:old}")
        #expect(keys.redacting("key-3") == "key-3")
    }
}
