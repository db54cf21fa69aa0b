"""Autobahn's cases straight to an echo upstream, and through the relay to it over HTTP/1.1 and over HTTP/2:
`run.py BINARIES [ID PREFIX…]`.

The relay passes frames on, so it must do no worse than what it stands before. A case that is worse is run again by
itself, because some cases race an echo against a close; what stays worse is listed, and the exit status is 1.
"""

import asyncio
import pathlib
import ssl
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "Clients"))

from autobahn_cases import load_cases
from fuzzing_peer import FuzzingPeer
from programs import Program
from relay import client_key, secret_file, start_relay, tenant, zone
from standin import StandIn

TOGETHER = 4  # cases at once: more would make them wait for one another on two cores
RETRIES = 2

# Better first. "Informational" cases report what an implementation chose where the standard leaves it open.
BEHAVIOR = ["OK", "INFORMATIONAL", "NON-STRICT", "UNIMPLEMENTED", "FAILED"]
CLOSE = ["OK", "INFORMATIONAL", "FAILED BY CLIENT", "WRONG CODE", "UNCLEAN", "FAILED"]

# In these a good message and a breach of the protocol leave in one piece. The echo of the good one is strictly
# right, its absence "non-strict". The relay fails a session at the breach, when that echo is still on its way.
BREACH_RACES_ECHO = {"3.2", "3.3", "3.4", "4.1.3", "4.1.4", "4.1.5", "4.2.3", "4.2.4", "4.2.5", "5.15"}


def main(binaries, *prefixes):
    binaries = pathlib.Path(binaries)
    cases = {name: case for name, case in load_cases().items() if name.startswith(prefixes or "")}
    with tempfile.TemporaryDirectory(prefix="tidegate-conformance-") as folder:
        key = client_key()
        standin = StandIn(binaries, "--echo")
        with standin.program:
            relay, port = start_relay_to(standin, binaries, pathlib.Path(folder), key)
            with relay, start_bridge(standin, binaries, port) as bridge:
                tls = ssl.create_default_context(cafile=str(standin.authority))
                direct = Route(f"wss://localhost:{standin.facts['port']}/", tls, [])
                ports = {"HTTP/1.1": port, "HTTP/2": bridge.wait_for("stdout", lambda line: "port" in line)["port"]}
                relayed = {name: Route(f"wss://localhost:{port}/v3/ws", tls, [f"Authorization: {key}"])
                           for name, port in ports.items()}
                return asyncio.run(compare_all(cases, direct, relayed))


def start_bridge(standin, binaries, port):
    """What carries the cases over HTTP/2: their client speaks HTTP/1.1."""
    chain, key = map(str, standin.certificate)
    return Program([str(binaries / "tidegate-standin"), "bridge", "--to", str(port), "--ca", str(standin.authority),
                    "--chain", chain, "--key", key])


def start_relay_to(standin, binaries, folder, key):
    key_file = secret_file(folder, "key", "an-echo-needs-no-key")
    echo = zone(f"wss://localhost:{standin.facts['port']}/", key_file, standin.authority, provider="generic")
    return start_relay(
        binaries, folder, standin.certificate, zones={"echo": echo}, tenants={"autobahn": tenant("echo", key)},
        # The largest message of category 9 is 16 MiB.
        limits={"message_bytes": "17MiB"})


class Route:
    """A way to the echo upstream."""

    def __init__(self, url, tls, headers):
        self.url, self.tls, self.headers = url, tls, headers

    async def run(self, case):
        return await FuzzingPeer(case).run(self.url, self.tls, self.headers)

    async def run_all(self, cases):
        limit = asyncio.Semaphore(TOGETHER)

        async def run_one(name, case):
            async with limit:
                return name, await self.run(case)

        return dict(await asyncio.gather(*(run_one(name, case) for name, case in cases.items())))


async def compare_all(cases, direct, relayed):
    straight = await direct.run_all(cases)
    print(f"direct:  {tally(straight)}")
    failed = 0
    for name, route in relayed.items():
        failed += await compare(cases, direct, dict(straight), name, route)
    print(f"autobahn: {len(relayed) * len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


async def compare(cases, direct, straight, version, relayed):
    """How many cases are worse over this version of HTTP."""
    through = await relayed.run_all(cases)
    for _ in range(RETRIES):
        for name in worse_cases(straight, through):
            straight[name], through[name] = await direct.run(cases[name]), await relayed.run(cases[name])
    worse = worse_cases(straight, through)
    for name in worse:
        print(f"{name:8} direct  {told(straight[name])}\n{'':8} relayed {told(through[name])}")
    print(f"relayed over {version}: {tally(through)}")
    return len(worse)


def worse_cases(straight, through):
    return [name for name in straight if is_worse(name, straight[name], through[name])]


def is_worse(name, straight, through):
    behavior = BEHAVIOR.index(through["behavior"])
    if name in BREACH_RACES_ECHO and through["behavior"] == "NON-STRICT":
        behavior = 0
    return (not through["opened"] or behavior > BEHAVIOR.index(straight["behavior"])
            or CLOSE.index(through["behaviorClose"]) > CLOSE.index(straight["behaviorClose"]))


def told(verdict):
    return "{behavior}, close {behaviorClose} ({closeCode}): {result} {resultClose}".format(**verdict)


def tally(verdicts):
    counts = {word: sum(verdict["behavior"] == word for verdict in verdicts.values()) for word in BEHAVIOR}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
