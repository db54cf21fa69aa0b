import StandIn
import Testing

@Suite struct ClientMessageTests {
    /// The exact texts of the official clients.
    @Test(arguments: [
        (#"{"type":"Terminate"}"#, ClientMessage.terminate),
        (#"{"type": "Terminate"}"#, .terminate),
        (#"{"type":"ForceEndpoint"}"#, .forceEndpoint),
        (#"{"type":"KeepAlive"}"#, .keepAlive),
        (
            #"{"min_turn_silence":200,"keyterms_prompt":["x"],"type":"UpdateConfiguration"}"#,
            .updateConfiguration(["min_turn_silence": 200, "keyterms_prompt": ["x"]])
        ),
        (#"{"type":"UpdateConfiguration","min_turn_silence":200}"#, .updateConfiguration(["min_turn_silence": 200])),
    ])
    func knownMessagesAreUnderstoodHoweverTheyAreSpelled(_ text: String, _ message: ClientMessage) throws {
        #expect(try ClientMessage(text) == message)
    }

    @Test(arguments: [
        (
            "{not json",
            "Invalid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
        ),
        (#"{"type":"Bogus"}"#, "Invalid Message Type: Bogus"),
        (#"{"typ":"Terminate"}"#, "Invalid Message Type: None"),
        ("[]", "Invalid Message Type: None"),
        (#"{"type":5}"#, "Invalid Message Type: 5"),
        (
            #"{"type":"UpdateConfiguration","mode":"fast"}"#, "Invalid 'mode': 'fast' is not a valid Mode"
        ),
    ])
    func badMessagesAreFatal(_ text: String, _ fault: String) {
        #expect(throws: ProviderError(code: 3006, text: "User Input Validation Error: " + fault)) {
            try ClientMessage(text)
        }
    }
}
