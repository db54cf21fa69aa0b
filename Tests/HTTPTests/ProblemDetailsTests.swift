import HTTP
import Testing

@Suite struct ProblemDetailsTests {
    @Test func aProblemIsWrittenWithItsExtensionsInTheOrderOfTheirNames() {
        let problem = ProblemDetails(
            type: "urn:tidegate:refusal:residency", title: "Residency", status: 403, detail: "Not \"us\".",
            instance: "urn:uuid:1", extensions: ["zone": "us", "name": "residency"])
        let expected =
            #"{"type":"urn:tidegate:refusal:residency","title":"Residency","status":403,"detail":"Not \"us\".","#
            + #""instance":"urn:uuid:1","name":"residency","zone":"us"}"#
        #expect(String(decoding: problem.json, as: UTF8.self) == expected)
    }

    @Test func anInstanceIsLeftOutWhenThereIsNone() {
        let problem = ProblemDetails(type: "about:blank", title: "Bad Request", status: 400, detail: "")
        #expect(
            String(decoding: problem.json, as: UTF8.self)
                == #"{"type":"about:blank","title":"Bad Request","status":400,"detail":""}"#)
    }
}
