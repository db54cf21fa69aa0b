"""Clients that prove their tenant with a TLS client certificate, made by OpenSSL's own tools."""

import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time

from expectations import expect, expect_equal
from relay import secret_file, start_relay, write_policy, zone

WITHIN_SECONDS = 1.0
CREDENTIAL_REVOKED = 4401
SUBJECT = "CN=acme-device,O=Acme GmbH"
# websocket-client always sends an origin, and without an Authorization a page could have sent its own.
ORIGIN = "https://app.example"


def stories():
    """Name and action of each story, in order."""
    for client in ("websocket-client", "ws"):
        yield f"{client} with a client certificate streams without another credential", streams, client
        yield f"{client} is told within a second that its certificate was revoked, and others are not", revoked, client
    yield "what a token of a revoked certificate opened ends within a second, and no other", tokens_of_the_revoked
    yield "curl hears why a certificate that no tenant has is refused", unmapped
    yield "curl without a certificate, with a stranger's or a server's does not get past TLS", refused_by_tls
    yield "check names a revocation list that has run out, and one that will", lists_that_run_out


def streams(harbour, client):
    with Gate(harbour) as gate:
        device = gate.authority.issue("device", SUBJECT)
        with gate.stream(client, device) as running:
            closed = running.wait_for("stdout", lambda event: event.get("event") == "closed")
        expect_equal(closed["code"], 1000, "the close code")
        session, = harbour.standin.settled(gate.before)
        expect_equal((session.zone, session.ended), ("eu", "terminated"), "the session")


def revoked(harbour, client):
    with Gate(harbour) as gate:
        device = gate.authority.issue("device", SUBJECT)
        other = gate.authority.issue("other", "CN=x", "DNS:other.acme.example")
        gate.authority.revoke(device)
        with gate.stream(client, device) as ends, gate.stream(client, other) as stays:
            expect_list_ends(gate, ends, stays)
        expect_equal(gate.curl(device).status, "000", "the status for the revoked device")


def expect_list_ends(gate, ends, stays):
    """The list that is published now ends one session within its time, and not the other."""
    changed = time.monotonic()
    gate.authority.publish_list()
    closed = ends.wait_for("stdout", lambda event: event.get("event") == "closed")
    took = time.monotonic() - changed
    expect_equal(closed["code"], CREDENTIAL_REVOKED, "the close code")
    expect(took < WITHIN_SECONDS, f"it took {took:.2f} s")
    closed = stays.wait_for("stdout", lambda event: event.get("event") == "closed")
    expect_equal(closed["code"], 1000, "the close code of the other")


def tokens_of_the_revoked(harbour):
    with Gate(harbour) as gate:
        device = gate.authority.issue("device", SUBJECT)
        other = gate.authority.issue("other", "CN=x", "DNS:other.acme.example")
        gate.authority.revoke(device)
        (used, unused), (good, unused_good) = ([gate.mint(owner) for _ in range(2)] for owner in (device, other))
        with gate.stream_with(used) as ends, gate.stream_with(good) as stays:
            expect_list_ends(gate, ends, stays)
        for token, status in [(unused, "401"), (unused_good, "101")]:
            expect_equal(gate.curl(None, "--header", f"Authorization: {token}").status, status, "the status of a token")


def unmapped(harbour):
    with Gate(harbour) as gate:
        stranger = gate.authority.issue("stranger", "CN=acme-device,O=Acme GmbH,C=DE")
        answer = gate.curl(stranger, "--header", "Authorization: whatever")
        expect_equal(answer.status, "401", "the status")
        expect_equal(json.loads(answer.body)["type"], "urn:tidegate:refusal:unauthenticated", "the problem")
        expect_equal(harbour.standin.settled(gate.before), [], "sessions dialled")


def refused_by_tls(harbour):
    with Gate(harbour, client_certificate="required") as gate:
        other = Authority(gate.folder, "other-ca")
        clients = {
            "missing": None,
            "unknownAuthority": other.issue("forged", SUBJECT),
            "unfit": gate.authority.issue("server", SUBJECT, usage="serverAuth"),
        }
        for reason, certificate in clients.items():
            expect_equal(gate.curl(certificate).status, "000", f"the status with {certificate}")
            gate.relay.wait_for("stderr", lambda line: line.get("reason") == reason)
        expect_equal(gate.curl(gate.authority.issue("device", SUBJECT)).status, "101", "the status of the device")


def lists_that_run_out(harbour):
    with Gate(harbour) as gate:
        for days, word in [(3, "warning"), (-1, "error")]:
            gate.authority.write_list(days)
            gate.authority.publish_list()
            told = gate.check()
            expect(f"{word}: " in told and "is over its time" in told and "clients.crl" in told, f"check says: {told}")
        gate.relay.wait_for("stderr", lambda line: line.get("event") == "reload-refused")


class Gate:
    """A relay that asks for client certificates, in front of the harbour's stand-in, with one tenant."""

    def __init__(self, harbour, client_certificate="optional"):
        self.harbour = harbour
        self.before = len(harbour.standin.ledger())
        self._client_certificate = client_certificate
        self._cleanup = contextlib.ExitStack()
        self.folder = pathlib.Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="tidegate-mtls-")))
        self.authority = Authority(self.folder, "clients")

    def __enter__(self):
        standin = self.harbour.standin
        chain, key = standin.certificate
        listener = {"address": "127.0.0.1:0", "tls": {
            "certificates": [{"chain": str(chain), "key": str(key)}], "client_ca": "clients.crt",
            "client_certificate": self._client_certificate, "client_crl": "clients.crl"}}
        key_file = secret_file(self.folder, "key-eu", standin.key("eu"))
        write_policy(self.folder / "policy.yaml", {"acme": {
            "residency": "eu", "clients": {"certificates": [SUBJECT, "DNS:other.acme.example"], "origins": [ORIGIN]}}})
        self.relay, self.port = start_relay(
            self.harbour.binaries, self.folder, standin.certificate,
            zones={"eu": zone(f"wss://{standin.host('eu')}/v3/ws", key_file, standin.authority)}, tenants={},
            listeners=[listener],
            tokens={"signing_keys": [{"file": str(secret_file(self.folder, "signing", os.urandom(32).hex()))}]})
        self._cleanup.enter_context(self.relay)
        return self

    def __exit__(self, *_):
        self._cleanup.close()

    def stream(self, client, certificate):
        """A client that sends audio at its own pace, once its session has begun."""
        running = self.harbour.start(
            client, f"localhost:{self.port}", None, origin=ORIGIN, certificate=[str(file) for file in certificate])
        running.wait_for("stdout", lambda event: '"Begin"' in event.get("text", ""))
        return running

    def stream_with(self, token):
        """The same, with nothing but a token."""
        running = self.harbour.start("ws", f"localhost:{self.port}", None, query=f"token={token}&sample_rate=16000")
        running.wait_for("stdout", lambda event: '"Begin"' in event.get("text", ""))
        return running

    def mint(self, certificate):
        """A token for whoever has the certificate."""
        answer = subprocess.check_output(
            ["curl", "--silent", "--cacert", self.harbour.standin.authority, "--cert", certificate[0],
             "--key", certificate[1], f"https://localhost:{self.port}/v3/token?expires_in_seconds=60"], timeout=30)
        return json.loads(answer)["token"]

    def curl(self, certificate, *more):
        """One opening handshake; the status is 000 when there is no answer."""
        shown = ["--cert", certificate[0], "--key", certificate[1]] if certificate else []
        fields = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
        headers = [word for field in fields for word in ("--header", field)]
        ran = subprocess.run(
            ["curl", "--silent", "--http1.1", "--max-time", "3", "--cacert", self.harbour.standin.authority, *shown,
             *headers, *more, "--write-out", "\n%{http_code}", f"https://localhost:{self.port}/v3/ws"],
            capture_output=True, timeout=30)
        body, _, status = ran.stdout.decode("latin-1").rpartition("\n")
        return Answer(status, body)

    def check(self):
        ran = subprocess.run(
            [self.harbour.binaries / "tidegate", "check", "--config", self.folder / "tidegate.yaml"],
            capture_output=True, text=True, timeout=30)
        return ran.stdout + ran.stderr


class Answer:
    def __init__(self, status, body):
        self.status = status
        self.body = body


class Authority:
    """A certificate authority of OpenSSL's command line, with its list of those revoked."""

    def __init__(self, folder, name):
        self.folder = folder
        self.name = name
        openssl("req", "-x509", *NEW_KEY, "-keyout", self._file("key"), "-out", self._file("crt"), "-days", "30",
                "-subj", f"/CN={name}")
        self._file("index").write_text("")
        self._file("cnf").write_text(
            f"[ca]\ndefault_ca = it\n[it]\ndatabase = {self._file('index')}\ndefault_md = sha256\n")
        self.write_list(30)
        self.publish_list()

    def issue(self, name, subject, *names, usage="clientAuth"):
        """Chain and key for a subject as RFC 4514 writes it, without escapes."""
        chain, key = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        written = "".join(f"/{part}" for part in reversed(subject.split(",")))
        openssl("req", *NEW_KEY, "-keyout", key, "-out", request, "-subj", written)
        lines = [f"extendedKeyUsage = {usage}"] + ([f"subjectAltName = {','.join(names)}"] if names else [])
        extensions.write_text("\n".join(lines))
        openssl("x509", "-req", "-in", request, "-CA", self._file("crt"), "-CAkey", self._file("key"), "-days", "30",
                "-CAcreateserial", "-extfile", extensions, "-out", chain)
        return chain, key

    def revoke(self, certificate):
        """Takes a certificate back, in a list that is not published yet."""
        openssl("ca", "-config", self._file("cnf"), *self._signer(), "-revoke", certificate[0])
        self.write_list(30)

    def write_list(self, days):
        """A list whose next one is due in so many days; not published yet."""
        due = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86_400))
        made = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() - 10 * 86_400))
        openssl("ca", "-config", self._file("cnf"), *self._signer(), "-gencrl", "-crl_lastupdate", made,
                "-crl_nextupdate", due, "-out", self._file("new"))

    def publish_list(self):
        """Replaces the list as an operator does: whole, by a rename."""
        self._file("new").rename(self._file("crl"))

    def _signer(self):
        return "-keyfile", self._file("key"), "-cert", self._file("crt")

    def _file(self, kind):
        return self.folder / f"{self.name}.{kind}"


NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl(*arguments):
    ran = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60)
    expect_equal(ran.returncode, 0, f"openssl {arguments[0]}: {ran.stderr}; exit status")
