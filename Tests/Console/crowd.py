"""Clients that stream until they are closed, many of them in one thread."""

import asyncio
import base64
import os
import ssl
import struct
import threading

CHUNK = bytes(3200)
PACE_SECONDS = 0.1


class Crowd:
    """Sessions of several tenants: `keys` says for each client what it shows. Each remembers the code it was closed with."""

    def __init__(self, host, port, keys, query="sample_rate=16000", pace=PACE_SECONDS, certificate_authority=None):
        self._address = (host, port)
        self._query = query
        self._pace = pace
        self._tls = ssl.create_default_context(cafile=str(certificate_authority)) if certificate_authority else None
        self._keys = keys
        self.begun = 0
        self.codes = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._all.cancel)
        self._thread.join()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._all = self._loop.create_task(self._everybody())
        try:
            self._loop.run_until_complete(self._all)
        except asyncio.CancelledError:
            pass

    async def _everybody(self):
        # As many handshakes at once as a loop takes in its stride.
        gate = asyncio.Semaphore(50)
        await asyncio.gather(*(self._one(key, gate) for key in self._keys))

    async def _one(self, key, gate):
        async with gate:
            reader, writer = await asyncio.open_connection(*self._address, ssl=self._tls)
            writer.write(handshake(f"/v3/ws?{self._query}", self._address[1], key))
            await reader.readuntil(b"\r\n\r\n")
            await self._frame(reader)
            self.begun += 1
        streaming = asyncio.ensure_future(self._stream(writer))
        try:
            while True:
                opcode, payload = await self._frame(reader)
                if opcode == 8:
                    self.codes.append(struct.unpack(">H", payload[:2])[0])
                    writer.write(masked(8, payload[:2]))
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            self.codes.append(1006)
        finally:
            streaming.cancel()
            writer.close()

    async def _stream(self, writer):
        frame = masked(2, CHUNK)
        while self._pace:
            writer.write(frame)
            await asyncio.sleep(self._pace)

    @staticmethod
    async def _frame(reader):
        first, second = await reader.readexactly(2)
        length = second & 0x7F
        if length == 126:
            length, = struct.unpack(">H", await reader.readexactly(2))
        elif length == 127:
            length, = struct.unpack(">Q", await reader.readexactly(8))
        return first & 0x0F, await reader.readexactly(length)


def handshake(target, port, key):
    """A request for a session."""
    nonce = base64.b64encode(os.urandom(16)).decode()
    return (f"GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {nonce}\r\nSec-WebSocket-Version: 13\r\nAuthorization: {key}\r\n\r\n").encode()


def masked(opcode, payload):
    """A whole frame of a client's; a key of zeros masks nothing."""
    length = len(payload)
    head = bytes([0x80 | opcode]) + (bytes([0x80 | length]) if length < 126 else struct.pack(">BH", 0xFE, length))
    return head + bytes(4) + payload
