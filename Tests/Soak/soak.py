"""Soaks a relay: `soak.py BINARIES COUNT`.

A relay and a provider's stand-in run as programs. Clients come and go in every phase of a session; afterwards the relay
must hold as many descriptors and threads as before, and no more memory than its allocator keeps.
"""

import json
import multiprocessing
import os
import pathlib
import random
import signal
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Clients"))

from relay import client_key, secret_file, start_relay, tenant, zone  # noqa: E402
from standin import StandIn  # noqa: E402
from visits import PHASES, SECURE, Visitor, frame, read_until  # noqa: E402

WARM_UP = 5_000
VISITORS = 8
REST_SECONDS = 60
# What malloc keeps for itself, more or less, from one time to the next.
SPARE_KIB = 8 * 1024
TINY_FRAMES = 1_000_000


def main(binaries, count):
    seed = random.randrange(2**32)
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="tidegate-soak-") as folder:
        harbour = Harbour(pathlib.Path(binaries), pathlib.Path(folder))
        with harbour.speech.program, harbour.echo.program, harbour.relay:
            return soak(harbour, count, random.Random(seed))


def soak(harbour, count, source):
    harbour.visit(WARM_UP, source)
    before = harbour.at_rest(None)
    print(f"after {WARM_UP:>7} visits: {before}", flush=True)
    started = time.monotonic()
    for done in range(0, count, 10_000):
        harbour.visit(min(10_000, count - done), source)
        print(f"and   {min(done + 10_000, count):>7} more:   {Holding.of(harbour.relay)}", flush=True)
    seconds = time.monotonic() - started
    after = harbour.at_rest(before)
    print(f"at rest:              {after}", flush=True)
    print(f"{count} visits in {seconds:.0f} s: {count / seconds:.0f} a second", flush=True)
    harbour.flood()
    return report(before, harbour.at_rest(before))


def report(before, after):
    faults = [
        f"{name}: {old} before, {new} after"
        for name, old, new, spare in [
            ("descriptors", before.descriptors, after.descriptors, 0),
            ("threads", before.threads, after.threads, 0),
            ("resident KiB", before.kibibytes, after.kibibytes, SPARE_KIB),
        ]
        if new > old + spare
    ]
    print("\n".join(faults) if faults else "nothing grew", flush=True)
    return 1 if faults else 0


class Holding:
    """What a process holds."""

    @classmethod
    def of(cls, program):
        self = cls()
        process = pathlib.Path(f"/proc/{program.pid}")
        self.descriptors = len(os.listdir(process / "fd"))
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        self.threads = int(status["Threads"])
        self.kibibytes = int(status["VmRSS"].split()[0])
        return self

    def __str__(self):
        return f"{self.descriptors} descriptors, {self.threads} threads, {self.kibibytes} KiB resident"


class Harbour:
    """A relay in front of a speech provider's zones and one of another provider's, which sends back what it hears."""

    def __init__(self, binaries, folder):
        self.key = client_key()
        self.echo_key = client_key()
        self.speech = StandIn(binaries, "--zones", "us,eu")
        self.echo = StandIn(binaries, "--zones", "echo", "--echo")
        zones = {
            name: zone(f"wss://{standin.host(name)}/v3/ws", secret_file(folder, name, standin.key(name)),
                       standin.authority, **more)
            for standin, name, more in [
                (self.speech, "eu", {}), (self.speech, "us", {}), (self.echo, "echo", {"provider": "generic"})]
        }
        tenants = {"acme": tenant("eu", self.key), "echo": tenant("echo", self.echo_key)}
        self.relay, self.port = start_relay(
            binaries, folder, self.speech.certificate, zones, tenants,
            timeouts={"handshake": "2s"}, log={"level": "info", "format": "json"})

    def visit(self, count, source):
        """So many visits in random phases, by several visitors at once."""
        shares = [count // VISITORS + (number < count % VISITORS) for number in range(VISITORS)]
        arguments = [(self.port, str(self.speech.authority), self.key, share, source.random()) for share in shares]
        with multiprocessing.Pool(VISITORS) as pool:
            pool.starmap(visit_often, arguments)
        # The stand-in remembers every session until it is told to forget.
        request = urllib.request.Request(f"{self.speech.facts['control']}/ledger", method="DELETE")
        urllib.request.urlopen(request, timeout=10).close()

    def at_rest(self, wanted):
        """What the relay holds once its last sessions have ended."""
        deadline = time.monotonic() + REST_SECONDS
        last = Holding.of(self.relay)
        while time.monotonic() < deadline:
            time.sleep(1)
            now = Holding.of(self.relay)
            if now.descriptors == last.descriptors and (not wanted or now.descriptors <= wanted.descriptors):
                return now
            last = now
        return last

    def flood(self):
        """A million frames of one byte through one session, there and back."""
        visitor = Visitor(self.port, str(self.speech.authority), self.echo_key)
        started = time.monotonic()
        SECURE["tiny frames"] = tiny_frames
        visitor.visit("tiny frames")
        print(f"{TINY_FRAMES} frames of one byte, there and back, in {time.monotonic() - started:.1f} s; "
              f"then {Holding.of(self.relay)}", flush=True)


def visit_often(port, authority, key, count, seed):
    visitor = Visitor(port, authority, key)
    source = random.Random(seed)
    for _ in range(count):
        visitor.visit(source.choice(PHASES))


def tiny_frames(visitor, secure):
    visitor.request(secure)
    read_until(secure, b"\r\n\r\n")
    piece = frame(0x82, b"x") * 1000
    back = 0
    for _ in range(TINY_FRAMES // 1000):
        secure.sendall(piece)
        # A frame of a server's is two bytes of header and one of payload.
        while back < len(piece) // 7 * 3:
            back += len(secure.recv(16384))
        back -= len(piece) // 7 * 3


if __name__ == "__main__":
    # So that an interrupted run takes its programs with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
