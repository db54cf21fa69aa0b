/// Metrics as Prometheus reads them: the text exposition format, version 0.0.4.
package enum PrometheusText {
    /// The media type of the text.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Every family that has a value, in the order of `families`.
    package static func text(of metrics: Metrics, families: [MetricFamily] = MetricFamily.all) -> String {
        var text = ""
        for family in families {
            let series = metrics.series(of: family)
            guard !series.isEmpty else { continue }
            text += "# HELP \(family.name) \(escapedHelp(family.help))\n# TYPE \(family.name) \(family.kind.rawValue)\n"
            for (labels, value) in series { text += lines(of: family, labels, value) }
        }
        return text
    }

    private static func lines(of family: MetricFamily, _ values: [String], _ value: MetricValue) -> String {
        let labels = zip(family.labels, values).map { "\($0)=\"\(escapedLabel($1))\"" }
        guard family.kind == .histogram else { return line(family.name, labels, number(value.sum)) }
        var text = ""
        for (bound, count) in zip(family.bounds, value.buckets) {
            text += line(family.name + "_bucket", labels + ["le=\"\(number(bound))\""], "\(count)")
        }
        text += line(family.name + "_bucket", labels + ["le=\"+Inf\""], "\(value.count)")
        text += line(family.name + "_sum", labels, number(value.sum))
        text += line(family.name + "_count", labels, "\(value.count)")
        return text
    }

    private static func line(_ name: String, _ labels: [String], _ value: String) -> String {
        let braces = labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
        return "\(name)\(braces) \(value)\n"
    }

    /// Whole numbers without a fraction; the rest as Go's ParseFloat reads it.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    private static func escapedLabel(_ text: String) -> String {
        escaped(text, quote: #"\""#)
    }

    private static func escapedHelp(_ text: String) -> String {
        escaped(text, quote: "\"")
    }

    private static func escaped(_ text: String, quote: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += #"\\"#
            case "\n": result += #"\n"#
            case "\"": result += quote
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
