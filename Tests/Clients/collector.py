"""A collector of traces: OTLP over HTTP, in its JSON form."""

import http.server
import json
import threading
import time

from expectations import expect

PATIENCE_SECONDS = 20


class Collector:
    """Takes all that comes, and keeps it: `requests` as path, fields and body."""

    def __init__(self):
        self.requests = []
        self.spans = []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.requests.append((self.path, dict(self.headers), body.decode()))
                for resource in json.loads(body)["resourceSpans"]:
                    collector.spans += [span for scope in resource["scopeSpans"] for span in scope["spans"]]
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1/traces"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def trace(self, number, count):
        """The spans of one trace, once there are so many."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = [span for span in self.spans if span["traceId"] == number]
            if len(found) >= count:
                return found
            expect(time.monotonic() < deadline, f"{len(found)} spans of {count}: {self.spans}")
            time.sleep(0.05)
