"""A relay with secrets of every kind, and all that can happen to them."""

import base64
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from collector import Collector
from expectations import expect, expect_equal
from needles import Secret
from relay import client_key, secret_file, start_relay, tenant, zone
from standin import StandIn

PATIENCE = 20
AUDIO = bytes(3200)
TERMINATE = b'{"type":"Terminate"}'
ZONES = ["us", "eu", "edge"]
ECHOES = ["header", "message", "reason", "message@begin", "reason@begin"]


class Harbour:
    """The stand-in and a relay before it.

    - us: the key comes from a file; at first it is a wrong one, which a reload replaces
    - eu: the provider refuses the key, which comes from the environment, and takes the one before it
    - edge: the key comes from the environment; one tenant has a key of its own
    """

    def __init__(self, binaries, folder):
        self.folder, self.visits, self.heard = folder, 0, []
        right = {name: provider_key() for name in ZONES}
        self.standin = StandIn(binaries, "--zones", ",".join(ZONES),
                               *(part for name, key in right.items() for part in ("--key", f"{name}={key}")))
        self.wrong, self.refused, self.own = provider_key(), provider_key(), provider_key()
        self.right, self.token = right, secrets.token_urlsafe(32)
        self.keys = {name: client_key() for name in [*ZONES, "own"]}
        self.collector, self.collector_token = Collector(), secrets.token_urlsafe(32)
        self.stranger, self.token_key = client_key(), secrets.token_bytes(32)
        signing_key = folder / "receipts.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", signing_key], check=True)
        listener_key = self.standin.certificate[1]
        self.replaced = [Secret("us: key that was replaced", "provider key", self.wrong)]
        self.secrets = [
            *self.replaced,
            Secret("us: key, from a file", "provider key", right["us"], is_kept=True),
            Secret("eu: key, from the environment", "provider key", self.refused, is_kept=True),
            Secret("eu: previous key, from a file", "provider key", right["eu"], is_kept=True),
            Secret("edge: key, from the environment", "provider key", right["edge"], is_kept=True),
            Secret("edge: key of one tenant", "provider key", self.own, is_kept=True),
            Secret("admin token", "admin token", self.token, is_kept=True),
            Secret("token of the collector of traces", "collector's token", self.collector_token, is_kept=True),
            Secret("receipts' key, PEM", "signing key", pem_body(signing_key)),
            Secret("receipts' key, seed", "signing key", private_number(signing_key), is_kept=True),
            Secret("tokens' signing key", "signing key", self.token_key, is_kept=True),
            Secret("tokens' signing key, in hex", "signing key", self.token_key.hex()),
            Secret("listener's key, PEM", "private key", pem_body(listener_key)),
            Secret("listener's key, number", "private key", private_number(listener_key), is_kept=True),
            *(Secret(f"client key of {name}", "client", key) for name, key in self.keys.items()),
            Secret("unknown client key", "client", self.stranger),
        ]
        self.key_file = secret_file(folder, "key-us", self.wrong + "\n")
        self._start(binaries, signing_key)

    def _start(self, binaries, signing_key):
        ca, files = self.standin.authority, {"file": str(self.key_file)}
        urls = {name: f"wss://{self.standin.host(name)}/v3/ws" for name in ZONES}
        os.environ.update(EU_KEY=self.refused, EDGE_KEY=self.right["edge"], ADMIN_TOKEN=self.token, TOKEN_KEY=self.token_key.hex(),
                          COLLECTOR_TOKEN=self.collector_token)
        own = secret_file(self.folder, "key-own", self.own)
        previous = secret_file(self.folder, "key-eu", self.right["eu"])
        chain, key = self.standin.certificate
        self.relay, self.port = start_relay(
            binaries, self.folder, self.standin.certificate,
            zones={"us": {**zone(urls["us"], self.key_file, ca), "key": files},
                   "eu": {**zone(urls["eu"], previous, ca), "key": {"env": "EU_KEY"},
                          "previous_key": {"file": str(previous)}},
                   "edge": {**zone(urls["edge"], previous, ca), "key": {"env": "EDGE_KEY"}}},
            tenants={name: {**tenant(name if name in ZONES else "edge", key, origins=["https://app.example"]),
                            **({"provider_keys": {"edge": {"file": str(own)}}} if name == "own" else {})}
                     for name, key in self.keys.items()},
            listeners=[{"address": "127.0.0.1:0", "tls": {"certificates": [{"chain": str(chain), "key": str(key)}]}},
                       {"address": "127.0.0.1:0"}],
            tokens={"signing_keys": [{"env": "TOKEN_KEY"}]},
            admin={"address": "127.0.0.1:0", "token": {"env": "ADMIN_TOKEN"}},
            receipts={"file": str(self.folder / "receipts.jsonl"), "signing_key": {"file": str(signing_key)}},
            traces={"endpoint": self.collector.url, "token": {"env": "COLLECTOR_TOKEN"}})
        for name in ("EU_KEY", "EDGE_KEY", "ADMIN_TOKEN", "TOKEN_KEY", "COLLECTOR_TOKEN"):
            del os.environ[name]
        # The last listener to be told of.
        self.relay.wait_for("stderr", lambda line: line.get("event") == "listening" and line.get("kind") == "admin")

    # What happens.

    def play(self):
        self.refused_requests()
        self.session("us")
        self.reload()
        for name in self.keys:
            self.session(name)
        for name in ZONES:
            self.sessions_by_token(name)
        for echo in ECHOES:
            for name in ZONES:
                self.fail(name, f"echo-key:{echo}")
                self.session(name)
        for name in ZONES:
            for fault in (f"http:401:{self.right[name]}", f"http:503:{self.right[name]}", "rst@open", "garbage"):
                self.fail(name, fault)
                self.session(name)
        self.refused_requests()
        for token in (self.token, "wrong", None):
            for path in ("/metrics", "/sessions", "/readyz", "/decisions"):
                self.ask_admin(path, token)

    def refused_requests(self):
        for key in (self.stranger, self.keys["us"]):
            for target, *lines in [
                ("/v3/ws", f"Authorization: {key}", "Origin: https://evil.example"),
                ("/v3/ws", f"Authorization: Bearer {key}", f"Cookie: id={key}", "Origin: null"),
                (f"/v3/ws?token={key}",), (f"/v3/ws?zone=us&t%6Fken={key}",), (f"/nowhere?token={key}",),
                ("/v3/ws", f"Sec-WebSocket-Protocol: tidegate.v1, bearer.{key}"),
                ("/v3/ws", f"Authorization : {key}"), ("/v3/ws", f"Authorization: {key}", f"Authorization: {key}x"),
                ("/eu/v3/ws", f"Authorization: {key}", "X-Long: " + "x" * 20_000),
            ]:
                for secure in (True, False):
                    self.visit(target, *lines, secure=secure)

    def session(self, name):
        return self.visit("/v3/ws?sample_rate=16000", f"Authorization: {self.keys[name]}", frames=True)

    def sessions_by_token(self, name):
        """A token is shown in each place where one may stand; the second time it is spent."""
        for kind in ("header", "query", "subprotocol"):
            token = self.minted(name)
            self.secrets.append(Secret(f"session token of {name} ({kind})", "client", token))
            for _ in range(2):
                if kind == "header":
                    self.visit("/v3/ws?sample_rate=16000", f"Authorization: Bearer {token}", frames=True)
                elif kind == "query":
                    self.visit(f"/v3/ws?sample_rate=16000&token={token}", frames=True)
                else:
                    self.visit("/v3/ws?sample_rate=16000", f"Sec-WebSocket-Protocol: tidegate.v1, bearer.{token}",
                               frames=True)

    def minted(self, name):
        """A new session token, which only the answer to this request may show."""
        answer = self.visit("/v3/token?expires_in_seconds=60", f"Authorization: {self.keys[name]}")
        self.heard.pop()
        return json.loads(answer.partition("\r\n\r\n")[2])["token"]

    def reload(self):
        """Puts the right key of `us` in place of the wrong one."""
        before = len(self.events("reloaded"))
        fresh = secret_file(self.folder, "key-us.new", self.right["us"] + "\n")
        fresh.rename(self.key_file)
        self.relay.signal(signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE
        while len(self.events("reloaded")) == before:
            expect(time.monotonic() < deadline, "the new key is not put in force")
            time.sleep(0.05)

    def crash(self):
        """A fatal signal ends the relay without a core, and without a word about its memory."""
        limits = pathlib.Path(f"/proc/{self.relay.pid}/limits").read_text()
        expect(re.search(r"^Max core file size +0 +0 ", limits, re.M), "a core may be written")
        self.relay.signal(signal.SIGSEGV)
        expect_equal(self.relay.wait(PATIENCE), -signal.SIGSEGV, "how a fatal signal ends the relay")
        errors = self.relay.lines["stderr"]
        words = [line for line in errors if not line.startswith(("{", str(self.folder)))]
        expect_equal(words, [], "last words")

    # What came of it.

    def outputs(self):
        yield "in what the relay printed", self.relay.printed().encode()
        yield "in receipts", (self.folder / "receipts.jsonl").read_bytes()
        bodies = [body for _, _, body in self.collector.requests]
        expect(bodies, "no spans came to the collector")
        yield "in traces", "".join(bodies).encode()
        yield "in what clients and operators were told", b"\n".join(self.heard)

    def events(self, name):
        return [line for line in self.relay.json("stderr") if line.get("event") == name]

    # How it is done.

    def fail(self, name, fault):
        order = json.dumps({"zone": name, "faults": [fault], "times": 1}).encode()
        urllib.request.urlopen(f"{self.standin.facts['control']}/fault", order, timeout=PATIENCE).close()

    def ask_admin(self, path, token):
        port = self.events("listening")[2]["address"].rpartition(":")[2]
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                self.heard.append(str(answer.headers).encode() + answer.read())
        except urllib.error.HTTPError as error:
            self.heard.append(str(error.headers).encode() + error.read())

    def visit(self, target, *lines, secure=True, frames=False):
        """One connection with one request, read to its end."""
        self.visits += 1
        port = self.port if secure else int(self.events("listening")[1]["address"].rpartition(":")[2])
        head = "\r\n".join([
            f"GET {target} HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", *lines, "", ""]).encode()
        heard = b""
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain:
            with self._secured(plain) if secure else plain as wire:
                wire.sendall(head)
                if frames:
                    wire.sendall(frame(0x82, AUDIO) + frame(0x81, TERMINATE))
                try:
                    while piece := wire.recv(65536):
                        heard += piece
                        if re.search(rb"\x88[\x02-\x7d]", heard) or b"Session Ended" in heard:
                            wire.sendall(frame(0x88, b"\x03\xe8"))
                except OSError:
                    pass
        self.heard.append(heard)
        return heard.decode("latin-1")

    def _secured(self, plain):
        context = ssl.create_default_context(cafile=str(self.standin.authority))
        return context.wrap_socket(plain, server_hostname="localhost")


def provider_key():
    return secrets.token_hex(16)


def frame(first, payload):
    """A frame with a mask of zeros, which leaves the payload as it is."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2)
    return bytes([first]) + size + bytes(4) + payload


def pem_body(path):
    """The second half of the longest line of base64, in which the key itself is."""
    text = path.read_text()
    body = re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n(.*?)-----END", text, re.S)[1]
    return max(body.splitlines(), key=len)[24:]


def private_number(path):
    der = subprocess.run(["openssl", "pkey", "-in", path, "-outform", "DER"], check=True, capture_output=True).stdout
    text = subprocess.run(["openssl", "pkey", "-in", path, "-noout", "-text"], check=True, capture_output=True).stdout
    digits = re.search(rb"priv:\n((?:    [0-9a-f:]+\n)+)", text)[1]
    number = bytes.fromhex(re.sub(rb"[^0-9a-f]", b"", digits).decode())[-32:]
    expect(number in der, "not the key's own number")
    return number
