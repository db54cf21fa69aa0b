import CAdminPages
import Crypto
import HTTP

/// A page of the admin listener: code and no data, so that anybody who may connect can be given it. Everything it shows it asks
/// for, as whoever looks at it.
struct AdminPage: Sendable {
    /// The whole page, style and script inside.
    private let body: [UInt8]
    /// What a browser lets it do (CSP Level 3).
    private let policy: String

    /// What the relay does now.
    static let console = AdminPage(
        cadminpages_console_html(),
        scripts: [cadminpages_common_js(), cadminpages_metrics_js(), cadminpages_console_js()])

    /// A session of one's own.
    static let tryIt = AdminPage(
        cadminpages_try_html(), scripts: [cadminpages_common_js(), cadminpages_try_js()],
        // The relay may stand at any name, and a worklet is a file.
        connections: "'self' ws: wss:", otherScripts: " 'self'")

    /// What `tryIt` runs beside itself.
    static let resampler = AdminAnswer(
        contentType: "text/javascript; charset=utf-8", body: bytes(of: cadminpages_resampler_js()))

    /// - Parameters:
    ///   - html: holds `/*style*/` and `/*script*/` where they belong.
    ///   - connections: what the page may connect to.
    ///   - otherScripts: what may run beside its own script.
    private init(
        _ html: cadminpages_text, scripts: [cadminpages_text], connections: String = "'self'", otherScripts: String = ""
    ) {
        let style = Self.bytes(of: cadminpages_style_css())
        let script = scripts.flatMap(Self.bytes)
        body = Self.bytes(of: html).replacing("/*style*/".utf8, with: style).replacing("/*script*/".utf8, with: script)
        policy = [
            "default-src 'none'", "script-src \(Self.source(of: script))\(otherScripts)",
            "style-src \(Self.source(of: style))", "connect-src \(connections)", "img-src data:", "base-uri 'none'",
            "form-action 'none'", "frame-ancestors 'none'",
        ].joined(separator: "; ")
    }

    var answer: AdminAnswer {
        AdminAnswer(
            fields: ["Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"],
            contentType: "text/html; charset=utf-8", body: body)
    }

    /// CSP Level 3 §2.3.1: inline code that hashes to this may run, and no other.
    private static func source(of code: [UInt8]) -> String {
        "'sha256-\(Base64.standard.encode(Digest.sha256(code)))'"
    }

    private static func bytes(of text: cadminpages_text) -> [UInt8] {
        Array(UnsafeBufferPointer(start: text.bytes, count: text.count))
    }
}
