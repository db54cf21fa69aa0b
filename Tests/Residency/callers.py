"""What one client asks for and does, and the zones that may hear of it."""

import contextlib
import enum
import pathlib
import random
import socket
import ssl
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Soak"))

from visits import AUDIO, RESET, TERMINATE, frame  # noqa: E402

from waters import ZONES  # noqa: E402

PATIENCE = 20
RETRIES = 2


class Manner(enum.Enum):
    """How a client behaves once it is there."""

    SPEAKS = "speaks to the end"
    DROPS = "is lost while it speaks"
    LEAVES = "leaves at some moment"
    GONE = "leaves at once"


class Ask:
    """A zone asked for by host, path or query, or nothing, or something that must be refused."""

    def __init__(self, source):
        zone, other = source.sample(sorted(ZONES), 2)
        plain = ("localhost", "/v3/ws", None)
        self.host, self.target, self.zone = source.choice([
            *[plain] * 8,
            (f"{zone}.localhost", "/v3/ws", zone), ("localhost", f"/{zone}/v3/ws", zone),
            ("localhost", f"/v3/ws?zone={zone}", zone), ("localhost", f"/v3/ws?%7Aone={zone}", zone),
            (f"{zone}.LOCALHOST:443", f"/{zone}/v3/ws?zone={zone}", zone),
            (f"{zone}.localhost", f"/{other}/v3/ws", "?"), ("localhost", f"/v3/ws?zone={zone}&zone={other}", "?"),
            ("localhost", "/v3/ws?zone=ap", "?"), ("localhost", "//v3/ws", None),
        ])

    def zones(self, residency):
        """Where a tenant's client that asks so may be heard; nowhere when it must be refused."""
        if self.zone == "?":
            return frozenset()
        if residency == "any":
            return frozenset({self.zone or "edge"})
        listed = {residency} if isinstance(residency, str) else set(residency)
        return frozenset(listed if self.zone is None else listed & {self.zone})

    def __str__(self):
        return f"{self.target} at {self.host}"


class Visit(threading.Thread):
    """A client's visit, retries included: `began` and `ended` are wall-clock times, `begun` counts sessions heard."""

    def __init__(self, tenant, seed, place, trust):
        super().__init__(daemon=True)
        self.source = random.Random(seed)
        self.tenant = tenant
        self.ask = Ask(self.source)
        self.manner = self.source.choices(list(Manner), [6, 2, 3, 1])[0]
        self.delay = self.source.uniform(0, 1.2)
        self.began = self.ended = None
        self.begun = 0
        self._place = place
        self._trust = trust

    def run(self):
        time.sleep(self.delay)
        self.began = time.time()
        try:
            for _ in range(1 + RETRIES):
                if self._attempt():
                    break
        finally:
            self.ended = time.time()

    def _attempt(self):
        """Whether there is nothing left to come back for."""
        try:
            with connect(self._place, self._trust) as secure:
                send_request(secure, self.tenant.key, self.ask.target, self.ask.host)
                return self._speak(secure)
        except (OSError, EOFError):
            return False

    def _speak(self, secure):
        if self.manner is Manner.GONE:
            return True
        if self.manner is Manner.LEAVES:
            secure.settimeout(self.source.uniform(0, 0.4))
            try:
                read_until(secure, (b'"Turn"',))
            except TimeoutError:
                pass
            return True
        if not is_heard(secure):
            return False
        self.begun += 1
        for _ in range(self.source.randint(1, 12)):
            secure.sendall(frame(0x82, AUDIO))
            time.sleep(0.04)
        if self.manner is Manner.DROPS:
            return True
        secure.sendall(frame(0x81, TERMINATE))
        read_until(secure, (b'"Termination"',))
        secure.sendall(frame(0x88, struct.pack(">H", 1000)))
        return True


@contextlib.contextmanager
def connect(place, trust):
    """A TLS connection to a relay, which ends with a reset unless the relay ends it first."""
    with socket.create_connection(place, PATIENCE) as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with trust.wrap_socket(plain, server_hostname="localhost") as secure:
            yield secure


def send_request(secure, key, target="/v3/ws", host="localhost"):
    lines = [
        f"GET {target} HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", f"Authorization: {key}", "", ""]
    secure.sendall("\r\n".join(lines).encode())


def is_heard(secure):
    """Waits for the provider's `Begin`, or for a refusal: over HTTP or in-band."""
    return b'"Begin"' in read_until(secure, (b'"Begin"', b"HTTP/1.1 4", b"HTTP/1.1 5", b'"Error"'))


def read_until(secure, marks):
    """What came, up to the first of some marks."""
    answer = b""
    while not any(mark in answer for mark in marks):
        piece = secure.recv(16384)
        if not piece:
            raise EOFError
        answer += piece
    return answer


def trust_in(authority):
    return ssl.create_default_context(cafile=str(authority))
