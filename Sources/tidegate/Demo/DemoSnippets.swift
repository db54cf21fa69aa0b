import Identity
import StandIn

/// Ready-to-paste clients for the running demonstration.
enum DemoSnippets {
    static func text(for harbour: DemoHarbour) -> String {
        let authority = harbour.standIn.certificates.authority
        let keys = harbour.tenants.map { "  \(pad($0.name))  \($0.key.text)   residency \($0.residency)" }
        let key = harbour.tenants.first?.key.text ?? ""
        let port = harbour.port
        return """
            The relay keeps running; end it with Ctrl-C. Client keys of this run:

            \(keys.joined(separator: "\n"))

            curl: what a refusal looks like
              curl --cacert \(authority) -i https://localhost:\(port)/v3/ws

            Python, the provider's own SDK (pip install assemblyai): only the host changes
              SSL_CERT_FILE=\(authority) python3 - <<'END'
              from assemblyai.streaming.v3 import *
              client = StreamingClient(StreamingClientOptions(api_key="\(key)", api_host="localhost:\(port)"))
              client.on(StreamingEvents.Turn, lambda _, turn: print(turn.transcript))
              client.connect(StreamingParameters(sample_rate=16000, speech_model="universal-3-5-pro"))
              client.stream(open("speech.raw", "rb").read(1600) for _ in range(200))
              client.disconnect(terminate=True)
              END

            Node (npm install ws)
              NODE_EXTRA_CA_CERTS=\(authority) node -e '
              const ws = new (require("ws"))("wss://localhost:\(port)/v3/ws?sample_rate=16000",
                { headers: { Authorization: "\(key)" } });
              ws.on("message", data => console.log(data.toString()));
              ws.on("open", () => setTimeout(() => ws.send(JSON.stringify({ type: "Terminate" })), 1000));'

            """
    }

    private static func pad(_ text: String) -> String {
        text + String(repeating: " ", count: max(0, 10 - text.count))
    }
}
