"""Chromium without a window, and a server of pages for it. What a page sees, it reports to its server."""

import http.server
import json
import os
import pathlib
import queue
import ssl
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

from programs import Program

HERE = pathlib.Path(__file__).parent
VISIT_SECONDS = 60
# Chromium's own errands would leave the machine, and a tab behind another one would be slowed down.
FLAGS = [
    "--headless", "--no-first-run", "--no-default-browser-check", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server",
    "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows", "--remote-debugging-port=0",
]


class Browser:
    """A running Chromium that knows no names but `localhost` and these, which are this machine, and trusts one key."""

    def __init__(self, names, certificate, flags=()):
        self._profile = tempfile.TemporaryDirectory(prefix="tidegate-chromium-", ignore_cleanup_errors=True)
        rules = [f"MAP {name} 127.0.0.1" for name in names]
        rules += ["MAP * ~NOTFOUND", "EXCLUDE localhost", "EXCLUDE 127.0.0.1"]
        # The sandbox needs what root has not got in a container.
        as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
        self._program = Program([
            "chromium", *FLAGS, *flags, *as_root, f"--user-data-dir={self._profile.name}",
            f"--host-resolver-rules={', '.join(rules)}",
            f"--ignore-certificate-errors-spki-list={pin(certificate)}", "about:blank"])

    def __enter__(self):
        try:
            listening = self._program.wait_for_text("stderr", r"DevTools listening on ws://([^/]+)/", VISIT_SECONDS)
        except AssertionError:
            self.__exit__()
            raise
        self._control = f"http://{listening[1]}/json"
        return self

    def __exit__(self, *_):
        self._program.__exit__()
        self._profile.cleanup()

    def open(self, url):
        """Opens a tab; returns what closes it."""
        tab = self._new(url)
        return lambda: self._ask("GET", f"close/{tab['id']}")

    def new_tab(self):
        """Opens an empty tab; returns the URL at which it can be driven."""
        return self._new("about:blank")["webSocketDebuggerUrl"]

    def _new(self, url):
        # Chromium takes the URL as the whole query.
        return json.loads(self._ask("PUT", f"new?{urllib.parse.quote(url, safe=':/?=&')}"))

    def _ask(self, method, path):
        request = urllib.request.Request(f"{self._control}/{path}", method=method)
        with urllib.request.urlopen(request, timeout=VISIT_SECONDS) as answer:
            return answer.read()


def pin(certificate):
    """The SHA-256 of a certificate's public key in base64: all that Chromium is asked to trust beside the usual."""
    commands = f"openssl x509 -in '{certificate}' -pubkey -noout | openssl pkey -pubin -outform der" \
        " | openssl dgst -sha256 -binary | openssl base64"
    return subprocess.run(commands, shell=True, check=True, capture_output=True, text=True).stdout.strip()


class PageServer:
    """Serves the pages of this folder over TLS on every name that leads here, and is its back end: plan, audio, token, report."""

    def __init__(self, certificate):
        self._visits = {}
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = server.server_address[1]
        self._server = server

    def origin(self, name):
        return f"https://{name}:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def visit(self, browser, name, plan, token=None, page="page.html"):
        """Has the browser open a page on this name with a plan; returns what the page reports.

        `token` is what the page's back end answers when the page asks for one.
        """
        number, reports = str(len(self._visits)), queue.Queue()
        self._visits[number] = {"plan": plan, "token": {"token": token}, "reports": reports}
        close = browser.open(f"{self.origin(name)}/{page}?visit={number}")
        try:
            return reports.get(timeout=VISIT_SECONDS)
        except queue.Empty:
            raise AssertionError(f"the page of {name} did not report") from None
        finally:
            close()

    def _handler(pages):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path = self.path.partition("?")[0]
                if path in ("/page.html", "/sockets.html"):
                    self._answer("text/html", (HERE / path[1:]).read_bytes())
                elif path == "/speech.wav":
                    self._answer("audio/wav", (HERE / "speech.wav").read_bytes())
                elif path in ("/plan", "/token"):
                    self._answer("application/json", json.dumps(self._visit()[path[1:]]).encode())
                else:
                    self.send_error(404)

            def do_POST(self):
                events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._visit()["reports"].put(events)
                self._answer("text/plain", b"")

            def _visit(self):
                return pages._visits[urllib.parse.parse_qs(self.path.partition("?")[2])["visit"][0]]

            def _answer(self, kind, body):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler
