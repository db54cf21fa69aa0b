"""A WebSocket client that does one thing: send a message and take its echo. Standard library only."""

import base64
import os
import socket
import ssl

BINARY_AND_LAST = 0x82
CLOSE_AND_LAST = 0x88
MASKED = 0x80
MASK = b"mask"  # any will do: an echo is compared by its size


class EchoClient:
    def __init__(self, port, authority, key):
        context = ssl.create_default_context(cafile=str(authority))
        self._socket = context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost")
        self._socket.sendall(handshake(key))
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._some()
        if not answer.startswith(b"HTTP/1.1 101 "):
            raise AssertionError(f"the relay answered {answer!r}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.sendall(frame(CLOSE_AND_LAST, bytes(2)))
        self._socket.close()

    def echo(self, size):
        sent = frame(BINARY_AND_LAST, bytes(size))
        self._socket.sendall(sent)
        left = len(sent) - len(MASK)
        while left > 0:
            left -= len(self._some())

    def _some(self):
        received = self._socket.recv(1 << 16)
        if not received:
            raise AssertionError("the relay has closed the connection")
        return received


def handshake(key):
    lines = [
        "GET /v3/ws HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode(),
        "Authorization: " + key, "", "",
    ]
    return "\r\n".join(lines).encode()


def frame(first, payload):
    if len(payload) < 126:
        length = bytes([MASKED | len(payload)])
    else:
        length = bytes([MASKED | 126]) + len(payload).to_bytes(2, "big")
    return bytes([first]) + length + MASK + payload
