"""A Redis server of the tests' own, and a proxy in front of it that can be cut."""

import asyncio
import contextlib
import socket
import subprocess
import time

READY_SECONDS = 10


class Redis:
    """On a free port of loopback. It keeps nothing on disk, so whoever kills it has made it forget."""

    def __init__(self, folder):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no",
                         "--dir", str(folder)]
        self.start()

    def start(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + READY_SECONDS
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise AssertionError("redis-server does not start; scripts/setup clients brings one")
            time.sleep(0.02)

    def kill(self):
        self._process.kill()
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class Proxy:
    """Passes bytes both ways, until it is cut: then it keeps every connection, takes new ones, and passes nothing."""

    @classmethod
    async def start(cls, port):
        proxy = cls()
        proxy._target = port
        proxy._open = asyncio.Event()
        proxy._open.set()
        proxy._server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        proxy.port = proxy._server.sockets[0].getsockname()[1]
        return proxy

    def cut(self):
        self._open.clear()

    def heal(self):
        self._open.set()

    async def _serve(self, reader, writer):
        # Cancelled is what it is when all is over.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._open.wait()
            target = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.gather(self._pass(reader, target[1]), self._pass(target[0], writer))
        writer.close()

    async def _pass(self, reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        writer.close()
