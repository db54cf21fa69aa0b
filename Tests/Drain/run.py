"""Replaces a relay under load: `run.py BINARIES [SESSIONS [DRAIN_SECONDS]]`.

A relay holds so many sessions when another begins to serve beside it, and then it is told to stop. All the while newcomers
open sessions. Nobody may be refused or reset; every session has to be told 1012, at moments spread evenly over the second half
of the drain, and be terminated at the provider; the relay has to be gone in time, and its receipts must account for everybody.

Three times: with two relays that share the port (SO_REUSEPORT), with one socket that a service manager made for both, and with
sessions that are streams of HTTP/2 connections.
"""

import collections
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "Clients"))

from programs import Program  # noqa: E402
from relay import client_key, secret_file, start_relay, tenant, zone  # noqa: E402
from standin import StandIn  # noqa: E402

NEWCOMERS_A_SECOND = 100
OPENING_SECONDS = 120
PERIODS = 10
# Of a period's sessions, beside the mean: calls are even, and their answers take a moment.
UNEVENNESS = 0.25
RESTART = 1012


def main(binaries, sessions=300, drain=8):
    faults = []
    for story in (SideBySide, Passed, OverHTTP2):
        with tempfile.TemporaryDirectory(prefix="tidegate-drain-") as folder:
            print(f"== {story.__doc__}")
            faults += story(pathlib.Path(binaries), pathlib.Path(folder), int(sessions), int(drain)).play()
    for fault in faults:
        print(f"FAULT: {fault}")
    print("as promised" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


class Story:
    most_sessions = 10_000

    def __init__(self, binaries, folder, sessions, drain):
        self.binaries = binaries
        self.folder = folder
        self.sessions = min(sessions, self.most_sessions)
        self.drain = drain
        self.key = client_key()
        self.standin = StandIn(binaries, "--zones", "eu")
        self.signing_key = folder / "signing-key"
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", self.signing_key)
        run("openssl", "pkey", "-in", self.signing_key, "-pubout", "-out", folder / "public.pem")

    def play(self):
        with self.standin.program:
            former = self.start("former")
            with former.program, self.client("sessions", str(self.sessions)) as held:
                held.wait_for_text("stdout", "open", OPENING_SECONDS)
                successor = self.start("successor")
                with successor.program, self.client("newcomers", str(NEWCOMERS_A_SECOND)) as newcomers:
                    wait_for_lines(newcomers, NEWCOMERS_A_SECOND)
                    told = time.monotonic()
                    former.program.signal(signal.SIGTERM)
                    status = former.program.wait(self.drain + 60)
                    took = time.monotonic() - told
                    came = len(newcomers.lines["stdout"])
                    wait_for_lines(newcomers, came + NEWCOMERS_A_SECOND)
                    newcomers.signal(signal.SIGTERM)
                    newcomers.wait(30)
                    faults = [f"the relay exited with {status}"] * (status != 0)
                    faults += [f"it took {took:.1f} s"] * (took > self.drain)
                    held.wait(30)
                    print(f"{self.sessions} sessions; gone {took:.2f} s after SIGTERM, with {status}")
                    faults += self.judge_sessions(held, told) + self.judge_newcomers(newcomers, told)
                    faults += self.judge_provider() + self.judge_notices(former, successor)
                    faults += self.judge_receipts(former, held)
                    successor.program.stop()
        return faults

    def start(self, name):
        """A relay with a receipt log of its own."""
        folder = self.folder / name
        folder.mkdir()
        program, port = start_relay(
            self.binaries, folder, self.standin.certificate,
            {"eu": zone(f"wss://{self.standin.host('eu')}/v3/ws", secret_file(folder, "eu", self.standin.key("eu")),
                        self.standin.authority)},
            {"acme": tenant("eu", self.key)}, log={"level": "info", "format": "json"},
            listeners=self.listeners(), timeouts={"drain": f"{self.drain}s", "terminate": "5s"},
            receipts={"file": str(folder / "receipts.jsonl"), "signing_key": {"file": str(self.signing_key)}},
            **self.start_options())
        self.port = port
        return Relay(program, folder)

    def listeners(self):
        return [{"address": f"127.0.0.1:{self.port}"}]

    def client(self, name, argument):
        program = self.folder / name
        if not program.exists():
            run("cc", "-O2", "-Wall", "-Werror", "-o", program, HERE / f"{name}.c")
        return Program([str(program), str(self.port_for(name)), self.key, argument])

    def port_for(self, _):
        return self.port

    def judge_sessions(self, held, told):
        ends = [line.split(" ", 1) for line in held.lines["stdout"] if line != "open"]
        what = collections.Counter(end for _, end in ends)
        first, last = self.drain / 2, self.drain
        moments = [float(when) - told for when, _ in ends]
        print(f"told {dict(what)}, from {min(moments):.2f} s to {max(moments):.2f} s")
        counts = histogram(moments, first, max(moments))
        mean = len(moments) / PERIODS
        print("in tenths of that time: " + " ".join(map(str, counts)))
        faults = [f"not all were told {RESTART}: {dict(what)}"] * (what != {str(RESTART): self.sessions})
        faults += ["somebody was told in the first half"] * (min(moments) < first)
        faults += [f"somebody was told after {max(moments):.2f} s"] * (max(moments) > last)
        uneven = [count for count in counts if abs(count - mean) > max(3, UNEVENNESS * mean)]
        return faults + [f"the moments are not even: {uneven} beside a mean of {mean:.0f}"] * (len(uneven) > 0)

    def judge_newcomers(self, newcomers, told):
        lines = [line.split(" ", 1) for line in newcomers.lines["stdout"]]
        others = collections.Counter(what for _, what in lines if not what.startswith("open "))
        waits = sorted(float(what.split()[1]) / 1e6 for _, what in lines if what.startswith("open "))
        shown = ", ".join(f"{word} {1000 * waits[int(share * (len(waits) - 1))]:.1f} ms"
                          for word, share in [("median", 0.5), ("p99", 0.99), ("longest", 1)])
        print(f"{len(waits)} newcomers were let in, {sum(wait > 0.9 for wait in waits)} of them after asking twice; {shown}")
        return [f"newcomers were turned away: {dict(others)}"] if others else []

    def judge_provider(self):
        ends = collections.Counter(entry.ended for entry in self.standin.settled())
        print(f"the provider's view of all sessions: {dict(ends)}")
        return [] if set(ends) == {"terminated"} else ["a session was left to be billed on"]

    def judge_receipts(self, former, held):
        path = former.folder / "receipts.jsonl"
        verdict = run(self.binaries / "tidegate", "audit", "verify", path, "--public-key", self.folder / "public.pem")
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        opened = {line["session"] for line in lines if line["kind"] == "opened"}
        ended = {line["session"]: line["ending"] for line in lines if line["kind"] == "session"}
        endings = collections.Counter(ended.values())
        print(f"receipts: {len(opened)} opened, {len(ended)} ended {dict(endings)}; {verdict.strip().splitlines()[-1]}")
        faults = [f"{len(opened - set(ended))} sessions have no receipt"] * bool(opened - set(ended))
        return faults + [f"receipts of {endings['drained']} drained sessions"] * (endings["drained"] != self.sessions)


class SideBySide(Story):
    """two relays that share the port"""

    port = 0

    def start_options(self):
        return {}

    def judge_notices(self, _, successor):
        told = [line for line in successor.program.json("stderr") if "another process listens" in line.get("detail", "")]
        return [] if told else ["nobody was told that the port is shared"]


class Passed(Story):
    """one socket that a service manager made for both relays"""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.socket.getsockname()[1]
        self.heard = []
        notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notices.bind(str(self.folder / "notify"))
        threading.Thread(target=self.hear, args=(notices,), daemon=True).start()

    def hear(self, notices):
        while True:
            self.heard += notices.recv(4096).decode().splitlines()

    def start_options(self):
        """As systemd starts a process: its socket is descriptor 3, and the words name it by its process id."""
        environment = os.environ | {
            "LISTEN_FDS": "1", "LISTEN_FDNAMES": "tidegate.socket", "NOTIFY_SOCKET": str(self.folder / "notify"),
            "WATCHDOG_USEC": "2000000"}
        shell = f'exec 3<&{self.socket.fileno()}; LISTEN_PID=$$ exec "$0" "$@"'
        return {"under": ["sh", "-c", shell], "environment": environment, "descriptors": (self.socket.fileno(),)}

    def judge_notices(self, *_):
        told = collections.Counter(self.heard)
        words = [f"{word}=1" for word in ("READY", "STOPPING", "WATCHDOG")]
        print("the service manager heard " + ", ".join(f"{word} {told[word]} times" for word in words))
        faults = [f"the service manager did not hear {word}" for word in words if not told[word]]
        extended = [line for line in told if line.startswith("EXTEND_TIMEOUT_USEC=")]
        return faults + ["it was not asked for time"] * (not extended)


class OverHTTP2(SideBySide):
    """two relays that share their ports; the sessions are streams of HTTP/2 connections"""

    most_sessions = 2000
    secure_port = 0
    bridge = None

    def listeners(self):
        chain, key = map(str, self.standin.certificate)
        secure = {"address": f"127.0.0.1:{self.secure_port}", "tls": {"certificates": [{"chain": chain, "key": key}]}}
        return [*super().listeners(), secure]

    def start(self, name):
        relay = super().start(name)
        secure = relay.program.wait_for("stderr", lambda line: line.get("event") == "listening"
                                        and not line["address"].endswith(f":{self.port}"))
        self.secure_port = int(secure["address"].rpartition(":")[2])
        return relay

    def port_for(self, name):
        """Sessions come over a bridge, which makes streams of them."""
        if name != "sessions":
            return self.port
        chain, key = map(str, self.standin.certificate)
        self.bridge = Program([
            str(self.binaries / "tidegate-standin"), "bridge", "--to", str(self.secure_port),
            "--ca", str(self.standin.authority), "--chain", chain, "--key", key])
        return self.bridge.wait_for("stdout", lambda line: "plainPort" in line)["plainPort"]

    def play(self):
        try:
            return super().play()
        finally:
            if self.bridge:
                self.bridge.stop()


Relay = collections.namedtuple("Relay", "program folder")


def histogram(moments, start, end):
    counts = [0] * PERIODS
    for moment in moments:
        counts[min(PERIODS - 1, max(0, int(PERIODS * (moment - start) / (end - start))))] += 1
    return counts


def wait_for_lines(program, count):
    """Until a program has printed so many."""
    while len(program.lines["stdout"]) < count:
        time.sleep(0.02)


def run(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    # So that an interrupted run takes its programs with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main(*sys.argv[1:]))
