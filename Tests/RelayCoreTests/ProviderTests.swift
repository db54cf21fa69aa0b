import RelayCore
import Testing
import WebSocket

@Suite struct ProviderTests {
    @Test func anErrorIsInTheProvidersFormAndEscaped() {
        #expect(
            Provider.assemblyAI.errorMessage(code: 4403, sentence: "a \"b\" \\ \n ü", name: "residency", session: "s1")
                == #"{"type":"Error","error_code":4403,"error":"a \"b\" \\ \n ü","refusal":"residency","session":"s1"}"#
        )
    }

    @Test func clientsOfAnotherProviderAreToldNothingButTheClose() {
        let provider = Provider.generic(onClientLoss: "bye")
        #expect(provider.errorMessage(code: 4403, sentence: "x", name: "y", session: "z") == nil)
        #expect(provider.terminateMessage == "bye")
    }

    @Test func assemblyAIIsTerminatedInItsSDKsOwnWords() {
        #expect(Provider.assemblyAI.terminateMessage == #"{"type":"Terminate"}"#)
    }

    @Test(
        arguments: [
            (#"{"type":"Terminate"}"#, .client, .terminate),
            (#" { "type" : "Terminate" , "x" : [1,{"type":2}] } "#, .client, .terminate),
            (#"{"type":"KeepAlive"}"#, .client, nil),
            (#"{"type":"Begin"}"#, .client, nil),
            (#"{"error":"x"}"#, .client, nil),
            (#"{"type":"Begin","id":"x"}"#, .upstream, .begin),
            (#"{"id":"x","type":"Begin"}"#, .upstream, .begin),
            (#"{"type":"Terminate"}"#, .upstream, nil),
            (#"{"type":"Error","error_code":1008,"error":"x"}"#, .upstream, .error(code: 1008)),
            (#"{"type":"Error","error":"x"}"#, .upstream, .error(code: 0)),
            (#"{"type":"Error","error_code":"1008"}"#, .upstream, .error(code: 0)),
            (#"{"type":"Error","error_code":1e3}"#, .upstream, .error(code: 0)),
            (#"{"type":"Error","error_code":99999999999999999999}"#, .upstream, .error(code: 0)),
            (#"{"error":"x","error_code":3006}"#, .upstream, .error(code: 3006)),
            (#"{"error":{"message":"x"}}"#, .upstream, nil),
            (#"{"type":"Warning","error":"x"}"#, .upstream, nil),
            (#"{"type":"Termination","session_duration_seconds":7}"#, .upstream, .termination(sessionSeconds: 7)),
            (#"{"type":"Termination"}"#, .upstream, .termination(sessionSeconds: nil)),
            (#"{"type":"Termination","session_duration_seconds":null}"#, .upstream, .termination(sessionSeconds: nil)),
            (#"{"type":"Turn","transcript":"Termination"}"#, .upstream, nil),
            ("", .upstream, nil), ("null", .client, nil), ("\"Terminate\"", .client, nil), ("{", .client, nil),
        ] as [(String, Leg, ProviderMessage?)])
    func aMessageIsRecognisedByItsTypeAndItsSender(text: String, sender: Leg, message: ProviderMessage?) {
        #expect(ProviderMessage.recognise(Array(text.utf8).span.bytes, from: sender) == message)
    }

    @Test func bytesThatAreNotUTF8AreNoMessage() {
        let bytes = Array(#"{"type":"Terminate"#.utf8) + [0xFF] + Array(#""}"#.utf8)
        #expect(ProviderMessage.recognise(bytes.span.bytes, from: .client) == nil)
    }
}
