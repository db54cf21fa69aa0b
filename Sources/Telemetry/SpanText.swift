import JSON

/// Spans as a collector reads them: OTLP 1, `ExportTraceServiceRequest`, in its JSON form.
package enum SpanText {
    /// - Parameters:
    ///   - site: where the process stands.
    ///   - version: the program's.
    package static func json(of spans: [Span], site: String, version: String) -> [UInt8] {
        var scope = JSONObjectWriter()
        scope.member("name", service)
        scope.member("version", version)
        var scoped = JSONObjectWriter()
        scoped.member("scope", json: scope.json)
        scoped.member("spans", json: JSONText.array(spans.map(json)))
        var resource = JSONObjectWriter()
        resource.member(
            "attributes",
            json: JSONText.array([
                attribute("service.name", .text(service)), attribute("service.version", .text(version)),
                attribute("tidegate.site", .text(site)),
            ]))
        var group = JSONObjectWriter()
        group.member("resource", json: resource.json)
        group.member("scopeSpans", json: JSONText.array([scoped.json]))
        var request = JSONObjectWriter()
        request.member("resourceSpans", json: JSONText.array([group.json]))
        return request.json
    }

    private static let service = "tidegate"

    private static func json(of span: Span) -> [UInt8] {
        var object = JSONObjectWriter()
        // OTLP's JSON has ids in hex, unlike other bytes, and 64-bit numbers as text.
        object.member("traceId", TraceContext.hex(span.trace))
        object.member("spanId", TraceContext.hex(span.id))
        if let parent = span.parent { object.member("parentSpanId", TraceContext.hex(parent)) }
        object.member("name", span.name.rawValue)
        object.member("kind", span.name.kind)
        object.member("startTimeUnixNano", String(span.start))
        object.member("endTimeUnixNano", String(span.end))
        object.member(
            "attributes", json: JSONText.array(span.facts.map { attribute("tidegate." + $0.name, $0.value) }))
        var status = JSONObjectWriter()
        if span.hasFailed { status.member("code", 2) }
        object.member("status", json: status.json)
        return object.json
    }

    private static func attribute(_ name: String, _ value: LogField.Value) -> [UInt8] {
        var content = JSONObjectWriter()
        switch value {
        case .text(let text): content.member("stringValue", text)
        case .number(let number): content.member("intValue", String(number))
        }
        var object = JSONObjectWriter()
        object.member("key", name)
        object.member("value", json: content.json)
        return object.json
    }
}
