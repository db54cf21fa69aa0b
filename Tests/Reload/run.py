"""Changes the policy under a thousand live sessions: `run.py BINARIES`.

Three hundred sessions are moved out of their zone and have to be told and terminated within a second; seven hundred stay
and must lose no frame, and wait for none longer than in the same time without a change. Then versions come a hundred times
a second, half of them faulty, and the last good one has to be in force.
"""

import asyncio
import collections
import json
import os
import pathlib
import random
import signal
import ssl
import struct
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Clients"))

from relay import client_key, secret_file, start_relay, tenant, write_policy, zone  # noqa: E402
from standin import StandIn  # noqa: E402

MOVED, STAYING = 300, 700
OPENING_AT_ONCE = 32
PERIOD_SECONDS = 0.5
WINDOW_SECONDS = 8
STORM_SECONDS, STORM_PER_SECOND = 10, 100
WITHIN_SECONDS = 1.0
AUDIO_BYTES = 16_000
POLICY_CHANGED = 4403


async def main(binaries, folder):
    harbour = Harbour(pathlib.Path(binaries), pathlib.Path(folder))
    with harbour.speech.program, harbour.echo.program, harbour.relay:
        faults = await change_under_load(harbour)
    for fault in faults:
        print(f"FAULT: {fault}")
    print("as promised" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


async def change_under_load(harbour):
    at_once = asyncio.Semaphore(OPENING_AT_ONCE)
    moved = [Moved(harbour, "moved") for _ in range(MOVED)]
    staying = [Staying(harbour, "staying") for _ in range(STAYING)]
    await asyncio.gather(*(session.open(at_once) for session in moved + staying))
    tasks = [asyncio.create_task(session.live()) for session in moved + staying]
    print(f"{len(tasks)} sessions open")

    await window("without a change", staying)
    changed = time.monotonic()
    harbour.write(moved="us")
    await window("with a reload that moves the others", staying)
    faults = judge_moved(moved, changed, harbour)
    storm = asyncio.create_task(reload_often(harbour))
    await window(f"with {STORM_PER_SECOND} reloads a second, half of them faulty", staying, STORM_SECONDS + 1)
    await storm
    faults += await judge_storm(harbour)
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    faults += [f"a staying session: {end!r}" for end in ended if isinstance(end, Exception)]
    faults += [f"a staying session lost frames: {lost}" for lost in (session.lost() for session in staying) if lost]
    print(f"frames of staying sessions: {sum(session.sent for session in staying)} sent, "
          f"{sum(session.lost() for session in staying)} lost")
    return faults


async def window(name, staying, seconds=WINDOW_SECONDS):
    for session in staying:
        session.waits = []
    await asyncio.sleep(seconds)
    waits = sorted(wait for session in staying for wait in session.waits)
    shown = ", ".join(f"{word} {1000 * waits[int(share * (len(waits) - 1))]:.1f} ms"
                      for word, share in [("median", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("longest", 1)])
    print(f"{name}: {len(waits)} frames there and back, {shown}", flush=True)


def judge_moved(moved, changed, harbour):
    codes = collections.Counter(session.code for session in moved)
    took = [session.closed - changed for session in moved if session.closed]
    print(f"moved sessions: closed with {dict(codes)}, the last after {max(took, default=0):.3f} s")
    ends = collections.Counter(entry.ended for entry in harbour.speech.settled() if entry.zone == "eu")
    print(f"the provider's view of them: {dict(ends)}")
    return [] if codes == {POLICY_CHANGED: MOVED} and max(took) < WITHIN_SECONDS and ends == {"terminated": MOVED} \
        else ["not all moved sessions were told within a second and terminated"]


async def reload_often(harbour):
    """Each version is told by a signal and by its file."""
    started = time.monotonic()
    for number in range(STORM_SECONDS * STORM_PER_SECOND):
        if number % 2:
            harbour.write_faulty()
        else:
            harbour.write(moved="us", probe="us" if number % 4 else "eu")
        os.kill(harbour.relay.pid, signal.SIGHUP)
        await asyncio.sleep(max(0, started + (number + 1) / STORM_PER_SECOND - time.monotonic()))


async def judge_storm(harbour):
    """A good version is in force soon after the storm, and stays when a faulty one follows."""
    print(f"reloads: {dict(harbour.reloads())}")
    harbour.write(moved="us", probe="us")
    deadline = time.monotonic() + WITHIN_SECONDS
    while not await harbour.is_probe_in_us():
        if time.monotonic() > deadline:
            return ["a good version is not in force a second after the storm"]
    refused = harbour.reloads()["reload-refused"]
    harbour.write_faulty()
    while harbour.reloads()["reload-refused"] == refused:
        await asyncio.sleep(0.01)
    return [] if await harbour.is_probe_in_us() else ["a faulty version displaced the good one"]


class Harbour:
    """A relay before a speech provider and a provider that sends back what it hears."""

    def __init__(self, binaries, folder):
        self.keys = {name: client_key() for name in ("moved", "staying", "probe")}
        self.speech = StandIn(binaries, "--zones", "us,eu")
        self.echo = StandIn(binaries, "--zones", "echo", "--echo")
        self.policy = folder / "policy.yaml"
        zones = {
            name: zone(f"wss://{standin.host(name)}/v3/ws", secret_file(folder, name, standin.key(name)),
                       standin.authority, **more)
            for standin, name, more in [
                (self.speech, "eu", {}), (self.speech, "us", {}), (self.echo, "echo", {"provider": "generic"})]
        }
        self.relay, self.port = start_relay(
            binaries, folder, self.speech.certificate, zones, self.tenants(), log={"level": "info", "format": "json"},
            limits={"refusals_per_minute": 100_000})  # the probe asks until it is refused, again and again
        self.context = ssl.create_default_context(cafile=self.speech.authority)

    def tenants(self, **residencies):
        zones = {"moved": "eu", "staying": "echo", "probe": "eu", **residencies}
        return {name: tenant(zones[name], key) for name, key in self.keys.items()}

    def write(self, **residencies):
        """Replaces the policy whole, as careful tools do."""
        fresh = self.policy.with_suffix(".new")
        write_policy(fresh, self.tenants(**residencies))
        os.replace(fresh, self.policy)

    def write_faulty(self):
        self.policy.write_text("version: 1\ntenants: {broken: {residency: nowhere}}\n")

    def reloads(self):
        """How many versions were taken and refused, as the log tells it."""
        events = (json.loads(line)["event"] for line in list(self.relay.lines["stderr"]) if line.startswith("{"))
        return collections.Counter(event for event in events if event.startswith("reload"))

    async def is_probe_in_us(self):
        return await self.status("probe", "/us/v3/ws") == 101 and await self.status("probe", "/eu/v3/ws") == 403

    async def connect(self, name, target="/v3/ws"):
        """A request for a session; returns its streams and the status it was answered with."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.context, server_hostname="localhost")
        lines = [f"GET {target} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
                 f"Authorization: {self.keys[name]}", "", ""]
        writer.write("\r\n".join(lines).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        return reader, writer, int(head.split()[1])

    async def status(self, name, target):
        _, writer, status = await self.connect(name, target)
        writer.transport.abort()
        return status


class Session:
    def __init__(self, harbour, name):
        self.harbour = harbour
        self.name = name

    async def open(self, at_once):
        async with at_once:
            self.reader, self.writer, status = await self.harbour.connect(self.name)
            assert status == 101, f"a session was answered {status}"
            await self.opened()

    async def frame(self):
        """The next frame: its opcode and payload."""
        first, length = await self.reader.readexactly(2)
        if length == 126:
            length, = struct.unpack(">H", await self.reader.readexactly(2))
        return first & 0x0F, await self.reader.readexactly(length)

    def send(self, payload):
        """A binary frame, masked with a key of zeros: the payload stands as it is."""
        self.writer.write(b"\x82\xfe" + struct.pack(">HI", len(payload), 0) + payload)


class Moved(Session):
    """Streams audio until it is told to stop."""

    code = closed = None

    async def opened(self):
        while b'"Begin"' not in (await self.frame())[1]:
            pass

    async def live(self):
        speaking = asyncio.create_task(self.speak())
        opcode = payload = None
        while opcode != 8:
            opcode, payload = await self.frame()
        self.closed = time.monotonic()
        self.code, = struct.unpack(">H", payload[:2])
        speaking.cancel()
        self.writer.transport.abort()

    async def speak(self):
        while True:
            self.send(bytes(AUDIO_BYTES))
            await asyncio.sleep(PERIOD_SECONDS)


class Staying(Session):
    """Sends numbered frames and hears them back, each after the one before."""

    sent = heard = 0

    async def opened(self):
        self.waits = []

    async def live(self):
        hearing = asyncio.create_task(self.hear())
        try:
            await asyncio.sleep(PERIOD_SECONDS * random.random())
            while not hearing.done():
                self.sent += 1
                self.send(struct.pack(">Qd", self.sent, time.monotonic()) + bytes(3184))
                await asyncio.sleep(PERIOD_SECONDS)
            hearing.result()
        except asyncio.CancelledError:
            await asyncio.sleep(PERIOD_SECONDS)
            hearing.cancel()
            raise

    async def hear(self):
        while True:
            opcode, payload = await self.frame()
            if opcode == 9:
                continue
            assert opcode == 2, f"opcode {opcode}: {payload[:130]}"
            number, sent_at = struct.unpack(">Qd", payload[:16])
            assert number == self.heard + 1, f"frame {number} after {self.heard}"
            self.heard = number
            self.waits.append(time.monotonic() - sent_at)

    def lost(self):
        return self.sent - self.heard


if __name__ == "__main__":
    # So that an interrupted run takes its programs with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="tidegate-reload-") as scratch:
        sys.exit(asyncio.run(main(sys.argv[1], scratch)))
