"""Every abuse of HTTP/2 at full speed, beside good sessions: `run.py BINARIES [--seconds S] [--abuse NAME]… [--quick]`.

A relay and a stand-in that sends back what it hears run as programs. Good clients stream audio in real time and open new
sessions, all the while. One abuser after the other does what it can, over TLS, before each a time without; it comes back as
soon as it has been sent away. Prints what each of them cost. The exit status is 1 when an abuser was not sent away with the
code that is due, when the relay grew beyond bounds, or when a good session ended.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path[1:1] = [str(HERE.parent / "Clients"), str(HERE.parent / "Flood")]

from measures import cpu_seconds, forget_most_resident, most_resident, quantile, resident
from relay import client_key, secret_file, start_relay, tenant, zone
from standin import StandIn

PROTOCOL_ERROR, FLOW_CONTROL_ERROR, ENHANCE_YOUR_CALM = "1", "3", "11"
# Each abuse of `abuser.c`, and the code that is due.
ABUSES = {name: {ENHANCE_YOUR_CALM} for name in (
    "rapid-reset", "sessions-reset", "body-too-long", "stream-overflow", "no-fields", "head-without-end", "table-bomb",
    "empty-fields", "settings", "windows-of-all", "ping", "pong", "deaf-ping", "priority", "unknown", "empty-data", "padding",
    "window-by-one", "dribble")}
# Streams that we reset are open until that is sent. RFC 9113 §5.1.2: more of them than were agreed to are an error.
for name in ("body-too-long", "stream-overflow", "no-fields"):
    ABUSES[name] |= {PROTOCOL_ERROR}
# RFC 9113 §6.9, §6.9.1
ABUSES["window-nothing"] = {PROTOCOL_ERROR}
ABUSES["window-overflow"] = {FLOW_CONTROL_ERROR}
# One connection may make the relay hold its streams' windows, 6.4 MiB; the rest is room for the allocator.
MAX_GROWTH_KIB = 64 << 10
SETTLE_SECONDS = 1
# Behind an abuse the relay still has sessions and connections to take leave of.
GAP_SECONDS = 0.1


def main(options):
    with tempfile.TemporaryDirectory(prefix="tidegate-http2-abuse-") as folder:
        harbour = Harbour(pathlib.Path(options.binaries), pathlib.Path(folder), options.threads)
        with harbour.standin.program, harbour.relay:
            sea = Sea(harbour, options)
            print(sea.table())
            harbour.relay.stop()
    for fault in sea.faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    return 1 if sea.faults else 0


class Sea:
    """The abusers in turn, and the good clients beside them."""

    def __init__(self, harbour, options):
        self.harbour = harbour
        self.names = options.abuses or list(ABUSES)
        self.quiet, self.seconds = options.quiet, options.seconds
        self.windows, self.told, self.faults = {}, {}, []
        command = [harbour.program("regulars"), harbour.plain_port, harbour.key, options.sessions, options.new, 3600]
        regulars = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
        time.sleep(SETTLE_SECONDS)
        for name in self.names:
            self.suffer(name)
        regulars.terminate()
        lines = regulars.communicate()[0].splitlines()
        if regulars.returncode != 0:
            self.faults.append("a good session was ended, or did not get what it should")
        self.samples = [(float(when), kind, float(took)) for when, kind, took in map(str.split, lines)]
        self.judge()

    def suffer(self, name):
        begin = time.monotonic()
        time.sleep(self.quiet)
        quiet = begin, time.monotonic()
        relay = self.harbour.relay.pid
        forget_most_resident(relay)
        rss, cpu = resident(relay), cpu_seconds(relay)
        begin = time.monotonic()
        command = [self.harbour.program("abuser"), self.harbour.port, self.harbour.key, name, self.seconds]
        output = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.windows[name] = quiet, (begin, time.monotonic())
        self.told[name] = {**json.loads(output), "cpu": cpu_seconds(relay) - cpu, "grown": most_resident(relay) - rss}
        time.sleep(GAP_SECONDS)

    def judge(self):
        for name, told in self.told.items():
            if not told["codes"] or not ABUSES[name].issuperset(told["codes"]):
                self.faults.append(f"{name}: GOAWAYs by code are {told['codes']}, due are {sorted(ABUSES[name])}")
            if told["unsaid"] or told["refused"]:
                self.faults.append(f"{name}: {told['unsaid']} ends without a word, {told['refused']} connections refused")
            if told["grown"] > MAX_GROWTH_KIB:
                self.faults.append(f"{name}: the relay grew by {told['grown']} KiB")

    def table(self):
        lines = ["| abuse | code | frames until it was read: fewest | median | most | connections a second | frames a second "
                 "| relay, cores | grown, KiB | echo p50, µs: without | with | ratio | p99: without | with | ratio |",
                 "| --- |" + " ---: |" * 14]
        for name, told in self.told.items():
            seconds = self.windows[name][1][1] - self.windows[name][1][0]
            cells = [name, ", ".join(sorted(told["codes"])), *(f"{count:,}" for count in told["until"]),
                     f"{told['connections'] / seconds:,.0f}", f"{told['frames'] / seconds:,.0f}",
                     f"{told['cpu'] / seconds:.2f}", f"{told['grown']:,}"]
            without, with_it = (sorted(self.echoes(window)) for window in self.windows[name])
            for share in (0.5, 0.99):
                quiet, busy = quantile(without, share), quantile(with_it, share)
                cells += [f"{quiet:,.0f}", f"{busy:,.0f}", f"{busy / quiet:.2f}"]
            lines.append(f"| {' | '.join(cells)} |")
        opened = sum(kind == "open" for _, kind, _ in self.samples)
        return "\n".join(lines + ["", f"good clients: {len(self.samples) - opened:,} echoes, {opened:,} sessions opened"])

    def echoes(self, window):
        begin, end = window
        return [took for when, kind, took in self.samples if kind == "echo" and begin <= when <= end]


class Harbour:
    """A relay with a door for abusers, TLS, and one for good clients, the stand-in behind it, and those who visit."""

    def __init__(self, binaries, folder, threads):
        self.folder = folder
        self.standin = StandIn(binaries, "--echo", "--plain", "--zones", "echo")
        self.key = client_key()
        echo = zone(f"ws://{self.standin.host('echo')}/", secret_file(folder, "key", "no-key-that-an-echo-needs"),
                    self.standin.authority, provider="generic")
        chain, key = map(str, self.standin.certificate)
        door = {"address": "127.0.0.1:0", "tls": {"certificates": [{"chain": chain, "key": key}]}}
        self.relay, _ = start_relay(
            binaries, folder, self.standin.certificate, zones={"echo": echo}, tenants={"good": tenant("echo", self.key)},
            listeners=[door, {"address": "127.0.0.1:0"}], limits={"connections_per_address": 10_000},
            log={"level": "info", "format": "json"}, threads=threads)
        self.port, self.plain_port = self.ports()

    def ports(self):
        """Of the listeners, in order."""
        addresses = []
        while len(addresses) < 2:
            addresses.append(self.relay.wait_for(
                "stderr", lambda line: line["event"] == "listening" and line["address"] not in addresses)["address"])
        return [int(address.rpartition(":")[2]) for address in addresses]

    def program(self, name):
        source = HERE / f"{name}.c" if name == "abuser" else HERE.parent / f"Flood/{name}.c"
        path = self.folder / name
        if not path.exists():
            subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-o", path, source, "-lssl",
                            "-lcrypto"], check=True)
        return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries")
    parser.add_argument("--abuse", dest="abuses", action="append", choices=ABUSES, help="this one alone; several times for more")
    parser.add_argument("--seconds", type=float, default=3, help="of each abuse")
    parser.add_argument("--quiet", type=float, default=1.5, help="seconds without, before each")
    parser.add_argument("--quick", action="store_true", help="half a second each, with little before it")
    parser.add_argument("--sessions", type=int, default=50, help="good sessions that stream")
    parser.add_argument("--new", type=int, default=10, help="good sessions opened in a second")
    parser.add_argument("--threads", type=int, default=0, help="loops of the relay; 0: one a core")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.quiet = 0.5, 0.2
    sys.exit(main(options))
