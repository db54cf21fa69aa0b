// Fetch is one HTTP request at a time through libcurl: for commands and for the control plane, never for audio.
//
// It knows URLs, certificates and bounds. It must never know a provider key's purpose, a tenant or a route: what is asked for,
// and with which header fields, is its caller's word. `RelayServer` probes endpoints, reads admin listeners,
// fetches key sets and sends spans with it.
// It follows no redirect, asks no proxy it was not told of, and speaks no protocol but HTTP.

import CCurl

/// One blocking HTTP request.
package enum Fetch {
    /// Sends `request` and waits for its whole answer, whatever its status. Blocks the calling thread; never call it on a
    /// loop's.
    ///
    /// Throws when there is no answer, or one larger than was asked for.
    package static func perform(_ request: FetchRequest) throws(FetchError) -> FetchResponse {
        let handle = try EasyHandle()
        try handle.configure(request)
        try handle.perform()
        return try handle.response()
    }
}

/// What to ask for, of whom, and how long to wait.
package struct FetchRequest: Sendable {
    /// `http:` or `https:`; anything else is refused.
    package var url: String
    /// Whether `http:` is refused as well.
    package var isSecureOnly = false
    /// What is done.
    package var method = Method.get
    /// Sent with `POST`.
    package var body: [UInt8] = []
    /// Sent beside those HTTP needs. A line break in one is refused.
    package var fields: [(name: String, value: String)] = []
    /// Who must have issued the certificate of an `https:` server.
    package var authority = Authority.system
    /// SHA-256 of public keys (SubjectPublicKeyInfo), 32 bytes each; if any are given the server's must be one of them.
    package var pins: [[UInt8]] = []
    /// Where the connection goes.
    package var route = Route.resolved
    /// For name, TCP and TLS together.
    package var connectTimeout = Duration.seconds(5)
    /// For everything.
    package var timeout = Duration.seconds(10)
    /// The most a body may hold, in bytes.
    package var maxBodyBytes = 1 << 20
    /// Whether `https_proxy` and its kin in the environment are heeded.
    package var usesEnvironmentProxies = false

    package init(_ url: String) {
        self.url = url
    }

    /// What is done.
    package enum Method: String, CaseIterable, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
    }

    /// Who must have issued a certificate.
    package enum Authority: Sendable {
        /// Whom the operating system trusts.
        case system
        /// Certificates in a PEM file, and nobody else.
        case file(String)
    }

    /// Where a connection goes. Name and certificate are those of the URL in every case.
    package enum Route: Sendable {
        /// Where the system's resolver says.
        case resolved
        /// To this literal address and port. IPv6 without brackets.
        case address(String, port: UInt16)
    }
}

/// An HTTP answer.
package struct FetchResponse: Sendable {
    /// 200…599.
    package var status: Int
    /// In the order they came; names as the server spelled them.
    package var fields: [(name: String, value: String)]
    /// The body, empty for `HEAD`.
    package var body: [UInt8]
    /// When what was over.
    package var timings: FetchTimings
    /// The literal address that answered.
    package var address: String

    package init(
        status: Int, fields: [(name: String, value: String)], body: [UInt8], timings: FetchTimings, address: String
    ) {
        self.status = status
        self.fields = fields
        self.body = body
        self.timings = timings
        self.address = address
    }

    /// The value of the field's first line, without regard to case.
    package func first(_ name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// How long after its start a request had come how far.
package struct FetchTimings: Equatable, Sendable {
    /// The name had an address.
    package var nameLookup: Duration
    /// TCP stood.
    package var connected: Duration
    /// TLS stood; zero without TLS.
    package var secured: Duration
    /// The answer's first byte.
    package var firstByte: Duration
    /// The answer's last byte.
    package var total: Duration

    package init(
        nameLookup: Duration, connected: Duration, secured: Duration, firstByte: Duration, total: Duration
    ) {
        self.nameLookup = nameLookup
        self.connected = connected
        self.secured = secured
        self.firstByte = firstByte
        self.total = total
    }
}
