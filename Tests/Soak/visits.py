"""What clients do to a relay before they go, phase by phase: `Visitor(port, authority, key).visit(name)`."""

import os
import socket
import ssl
import struct

PATIENCE = 30
RESET = struct.pack("ii", 1, 0)
AUDIO = bytes(3200)
TERMINATE = b'{"type":"Terminate"}'
# The first bytes of a TLS hello that promises more.
HALF_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(60)


class Visitor:
    def __init__(self, port, authority, key):
        self.port = port
        self.key = key
        self.context = ssl.create_default_context(cafile=authority)

    def visit(self, phase):
        with self._connect() as plain:
            if phase in PLAIN:
                return PLAIN[phase](plain)
            with self.context.wrap_socket(plain, server_hostname="localhost") as secure:
                # Goes with a reset, unless the relay went first.
                secure.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                SECURE[phase](self, secure)

    def _connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        return connection

    def request(self, secure, target="/v3/ws", key=None):
        lines = [
            f"GET {target} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
            f"Authorization: {self.key if key is None else key}", "", ""]
        secure.sendall("\r\n".join(lines).encode())

    # MARK: Phases

    def refused(self, secure, target="/v3/ws", key=None, status=b"403"):
        self.request(secure, target, key)
        answer = read_to_end(secure)
        # Whoever is refused as often as here is told the reason now and then.
        expect(answer.startswith((b"HTTP/1.1 " + status, b"HTTP/1.1 429")), answer)

    def dialling(self, secure):
        self.request(secure, "/v3/ws?standin_fault=no-answer")
        read_until(secure, b"\r\n\r\n")

    def unserved(self, secure):
        self.request(secure, "/v3/ws?standin_fault=http:503")
        # The sentence comes in a message first, and then as the reason of a Close with this code.
        answer = read_until(secure, struct.pack(">H", 4503))
        expect(b'"refusal":"upstream-unavailable"' in answer, answer)
        self.say_goodbye(secure, 4503)

    def relaying(self, secure):
        self.request(secure)
        read_until(secure, b'"Begin"')
        secure.sendall(frame(0x82, AUDIO))

    def terminated(self, secure):
        self.request(secure)
        read_until(secure, b'"Begin"')
        secure.sendall(frame(0x82, AUDIO) + frame(0x81, TERMINATE))
        answer = read_until(secure, b"Session Ended")
        expect(b'"Termination"' in answer, answer)
        self.say_goodbye(secure, 1000)

    def say_goodbye(self, secure, code):
        secure.sendall(frame(0x88, struct.pack(">H", code)))
        read_to_end(secure)


PLAIN = {
    "connected": lambda plain: None,
    "half a hello": lambda plain: plain.sendall(HALF_HELLO),
}

SECURE = {
    "secured": lambda visitor, secure: None,
    "half a head": lambda visitor, secure: secure.sendall(b"GET /v3/ws HTTP/1.1\r\nHost: loc"),
    "improper": lambda visitor, secure: (secure.sendall(b"BREW /pot HTCPCP/1.0\r\n\r\n"), read_to_end(secure)),
    "unauthenticated": lambda visitor, secure: visitor.refused(secure, key="tg_nobody", status=b"401"),
    "refused": lambda visitor, secure: visitor.refused(secure, "/us/v3/ws"),
    "gone at once": lambda visitor, secure: visitor.request(secure),
    "dialling": Visitor.dialling,
    "unserved": Visitor.unserved,
    "relaying": Visitor.relaying,
    "terminated": Visitor.terminated,
}

PHASES = [*PLAIN, *SECURE]


def frame(first, payload):
    """A client's frame: masked, as all of theirs are."""
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else bytes([0xFE]) + struct.pack(">H", len(payload))
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload)) if any(payload) else \
        (mask * (len(payload) // 4 + 1))[:len(payload)]
    return bytes([first]) + length + mask + masked


def read_until(secure, mark):
    answer = b""
    while mark not in answer:
        piece = secure.recv(16384)
        expect(piece, answer)
        answer += piece
    return answer


def read_to_end(secure):
    answer = b""
    while piece := secure.recv(16384):
        answer += piece
    return answer


def expect(truth, answer):
    if not truth:
        raise AssertionError(f"unexpected: {answer!r}")
