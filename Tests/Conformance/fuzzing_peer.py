"""A WebSocket client that sends whatever a test case tells it to, well formed or not, and notes what comes back.

Its methods and attributes in camelCase are those that Autobahn's cases call; the rest is the peer's own. Closing behaves
as Autobahn's client does with `failByDrop` off: it sends a close frame, waits for the other side's, then waits for
the server to end the TCP connection.
"""

import asyncio
import base64
import collections
import hashlib
import os
import struct
import types
import urllib.parse

from autobahn_cases import PYTHON_2

ACCEPT_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
OPENING_SECONDS = 10
CLOSING_SECONDS = 3  # for the server's close frame, and again for the end of its connection

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
STATE = PYTHON_2["WebSocketProtocol"]


class Violation(Exception):
    """The server broke the protocol."""


class FuzzingPeer:
    CLOSE_STATUS_CODE_NORMAL = 1000
    CLOSE_STATUS_CODE_PROTOCOL_ERROR = 1002
    CLOSE_STATUS_CODE_INVALID_PAYLOAD = 1007

    def __init__(self, case_class):
        self.factory = types.SimpleNamespace(isServer=False)
        self.state = STATE.STATE_CLOSED
        self.connectionWasOpen = self.wasClean = False
        self.closedByMe = self.failedByMe = self.droppedByMe = False
        self.localCloseCode = self.localCloseReason = None
        self.remoteCloseCode = self.remoteCloseReason = None
        self.autoFragmentSize = 0
        self.createWirelog = False
        self.txFrameStats = collections.Counter()
        self.case = case_class(self)
        self._timers = []
        self._unsent, self._whole_piece = collections.deque(), None
        self._sender = None

    async def run(self, url, tls, headers):
        """Runs the case against `url` to the end of the connection and returns its verdict."""
        try:
            async with asyncio.timeout(OPENING_SECONDS):
                self.reader, self.writer = await connect(url, tls)
                await open_websocket(self.reader, self.writer, url, headers)
        except (OSError, EOFError, Violation, TimeoutError) as error:
            return self._verdict(f"not opened: {error!r}")
        self.state = STATE.STATE_OPEN
        self.connectionWasOpen = True
        self.case.onOpen()
        await self._receive()
        return self._verdict()

    # What the cases call.

    def sendFrame(self, opcode, payload="", fin=True, rsv=0, mask=None, payload_len=None, chopsize=None, sync=False):
        body = as_bytes(payload)
        if payload_len is not None:
            body = (body * (payload_len // len(body) + 1))[:payload_len] if body else b""
        key = as_bytes(mask) if mask else os.urandom(4)
        self.txFrameStats[opcode] += 1
        self._send(frame_head(opcode, len(body), fin, rsv, key) + masked(body, key), chopsize)

    def sendMessage(self, payload, isBinary=False, fragmentSize=None, sync=False):
        size = fragmentSize or self.autoFragmentSize
        if not size:
            return self.sendFrame(BINARY if isBinary else TEXT, payload)
        # As in Autobahn, a payload that fills its last fragment is followed by an empty one that ends the message.
        for start in range(0, len(payload) + 1, size):
            opcode = CONTINUATION if start else BINARY if isBinary else TEXT
            self.sendFrame(opcode, payload[start:start + size], fin=start + size > len(payload))

    def beginMessage(self, isBinary=False):
        self._message_opcode = BINARY if isBinary else TEXT

    def beginMessageFrame(self, length):
        self._frame_key, self._frame_sent = os.urandom(4), 0
        self._send(frame_head(self._message_opcode, length, False, 0, self._frame_key))

    def sendMessageFrameData(self, payload):
        key, offset = self._frame_key, self._frame_sent % 4
        self._frame_sent += len(payload)
        self._send(masked(as_bytes(payload), key[offset:] + key[:offset]))

    def endMessage(self):
        self.sendFrame(CONTINUATION)

    def sendClose(self, code=None, reason=None):
        self.sendCloseFrame(code, reason)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        if self.state != STATE.STATE_OPEN:
            return
        reason = reasonUtf8 or ""
        self.sendFrame(CLOSE, (struct.pack(">H", code).decode("latin-1") if code is not None else "") + reason)
        self.state = STATE.STATE_CLOSING
        self.closedByMe = not isReply
        self.localCloseCode, self.localCloseReason = code, reason
        self._after(CLOSING_SECONDS, self._drop)

    def failConnection(self, code=1001):
        self.failedByMe = True
        self.sendCloseFrame(code)

    def continueLater(self, delay, action, tag=None):
        self._after(delay, action)

    def killAfter(self, delay):
        self._after(delay, self.failConnection)

    def closeAfter(self, delay):
        self._after(delay, self.sendClose)

    def enableWirelog(self, enable):
        pass

    # Sending.

    def _send(self, data, chop=None):
        """Queues `data` to leave in pieces of `chop` bytes; without one, in one piece with its neighbours."""
        if chop is not None:
            self._unsent.extend(data[start:start + chop] for start in range(0, len(data), chop))
            self._whole_piece = None
        elif self._whole_piece is not None and self._unsent:
            self._whole_piece.extend(data)
        else:
            self._whole_piece = bytearray(data)
            self._unsent.append(self._whole_piece)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_queue())

    async def _send_queue(self):
        while self._unsent and not self.writer.transport.is_closing():
            self.writer.write(self._unsent.popleft())
            await asyncio.sleep(0)  # lets the piece leave by itself
        self._sender = None

    # Receiving.

    async def _receive(self):
        message = None
        try:
            while True:
                opcode, fin, payload = await read_frame(self.reader)
                if opcode >= CLOSE:
                    self._control(opcode, payload)
                    continue
                if (message is None) == (opcode == CONTINUATION):
                    raise Violation(f"opcode {opcode} out of place")
                message = message or (opcode, [])
                message[1].append(payload)
                if fin:
                    kind, message = message, None
                    self._message(kind[0], b"".join(kind[1]))
        except Violation:
            self.failConnection(self.CLOSE_STATUS_CODE_PROTOCOL_ERROR)
            await self.reader.read()
        except (EOFError, OSError):
            pass

    def _message(self, opcode, payload):
        if self.state == STATE.STATE_OPEN:
            self.case.onMessage(payload.decode("latin-1"), opcode == BINARY)

    def _control(self, opcode, payload):
        if opcode == PING:
            self.sendFrame(PONG, payload.decode("latin-1"))
        elif opcode == PONG:
            self.case.onPong(payload.decode("latin-1"))
        else:
            self._close_received(payload)

    def _close_received(self, payload):
        if len(payload) == 1:
            raise Violation("a close frame of one byte")
        if payload:
            self.remoteCloseCode, = struct.unpack_from(">H", payload)
            self.remoteCloseReason = payload[2:].decode("latin-1")
            if not may_be_sent(self.remoteCloseCode):
                raise Violation(f"close code {self.remoteCloseCode}")
        self.wasClean = True
        self.sendCloseFrame(self.CLOSE_STATUS_CODE_NORMAL, isReply=True)

    # Ending.

    def _after(self, delay, action):
        def act():
            if self.state != STATE.STATE_CLOSED:
                action()
        self._timers.append(asyncio.get_running_loop().call_later(delay, act))

    def _drop(self):
        """Ends the TCP connection because the server has not: Autobahn counts that against the server."""
        self.droppedByMe, self.wasClean, self.state = True, False, STATE.STATE_CLOSED
        self.writer.transport.abort()

    def _verdict(self, failure=None):
        self.state = STATE.STATE_CLOSED
        for timer in self._timers:
            timer.cancel()
        if self.connectionWasOpen:
            self.writer.transport.abort()
        self.case.onConnectionLost(self.failedByMe)
        return {"opened": self.connectionWasOpen, "closeCode": self.remoteCloseCode,
                "behavior": self.case.behavior, "result": failure or self.case.result,
                "behaviorClose": self.case.behaviorClose, "resultClose": self.case.resultClose}


# The wire.

async def connect(url, tls):
    parts = urllib.parse.urlsplit(url)
    secure = parts.scheme == "wss"
    return await asyncio.open_connection(parts.hostname, parts.port, ssl=tls if secure else None)


async def open_websocket(reader, writer, url, headers):
    """The opening handshake of RFC 6455 section 4.1; raises `Violation` when it is refused or wrong."""
    parts = urllib.parse.urlsplit(url)
    nonce = base64.b64encode(os.urandom(16))
    lines = [f"GET {parts.path or '/'} HTTP/1.1", f"Host: {parts.netloc}", "Connection: Upgrade", "Upgrade: websocket",
             "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {nonce.decode()}", *headers]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    if head[0].split(" ")[1:2] != ["101"]:
        raise Violation(head[0])
    if fields.get("sec-websocket-accept") != base64.b64encode(hashlib.sha1(nonce + ACCEPT_GUID).digest()).decode():
        raise Violation("Sec-WebSocket-Accept")


async def read_frame(reader):
    """One frame of a server: its opcode, whether it is final, its payload (RFC 6455 section 5.2)."""
    first, second = await reader.readexactly(2)
    opcode, fin, length = first & 0x0F, bool(first & 0x80), second & 0x7F
    if first & 0x70 or second & 0x80 or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
        raise Violation(f"frame begins {first:02x} {second:02x}")
    if opcode >= CLOSE and (not fin or length > 125):
        raise Violation("a control frame in fragments, or too long")
    if length == 126:
        length, = struct.unpack(">H", await reader.readexactly(2))
    elif length == 127:
        length, = struct.unpack(">Q", await reader.readexactly(8))
    return opcode, fin, await reader.readexactly(length)


def frame_head(opcode, length, fin, rsv, key):
    first = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if length <= 125:
        return first + bytes([0x80 | length]) + key
    if length <= 0xFFFF:
        return first + struct.pack(">BH", 0x80 | 126, length) + key
    return first + struct.pack(">BQ", 0x80 | 127, length) + key


def masked(data, key):
    pad = (key * (len(data) // 4 + 1))[:len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(pad, "big")).to_bytes(len(data), "big")


def may_be_sent(code):
    """RFC 6455 section 7.4: the registered codes that may stand in a frame, and the ranges for applications."""
    return 1000 <= code <= 1014 and code not in (1004, 1005, 1006) or 3000 <= code <= 4999


def as_bytes(text):
    return text.encode("latin-1")
