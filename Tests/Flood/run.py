"""What wrong credentials cost the good clients of a relay: `run.py BINARIES [--rate N]… [--one-address] …`.

A relay and a stand-in that sends back what it hears run as programs. Good clients stream audio in real time and open new
sessions, all the while; strangers with wrong keys come in every other window of time, so that both kinds of windows meet the
same machine. Prints latencies of both, their ratio, what the strangers were told, and the CPU that each program used.

What is measured is the relay, so that it has a core for itself and everybody else shares the others: strangers would not run
on a relay's machine, and on a core of theirs they would hold up the good clients themselves. For the same reason they give way
to them (nice). `--shared` lets all programs use all cores. On a machine that has other work, run it in real time
(`chrt --fifo 10`): what waits for other programs is no latency of the relay's.
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "Clients"))

from measures import cpu_seconds, quantile, resident
from relay import client_key, secret_file, start_relay, tenant, write_policy, zone
from standin import StandIn

SETTLE = 2
MANY_ADDRESSES = 1 << 22
# How far strangers stand back behind good clients, where they share a core.
COURTESY = 10
# Behind a window the kernel still has connections to take leave of.
GAP = 0.5


def main(options):
    with tempfile.TemporaryDirectory(prefix="tidegate-flood-") as folder:
        cores = sorted(os.sched_getaffinity(0))
        alone = len(cores) > 1 and not options.shared
        harbour = Harbour(pathlib.Path(options.binaries), pathlib.Path(folder), options.threads or int(alone))
        if alone:
            pin(harbour.relay.pid, cores[:1])
            pin(harbour.standin.program.pid, cores[1:])
            pin(os.getpid(), cores[1:])
        print(f"relay on core {cores[0]}, all others on {cores[1:]}" if alone else f"all on {cores}", flush=True)
        with harbour.standin.program, harbour.relay:
            rss = resident(harbour.relay.pid)
            for rate in options.rates:
                print(Flood(harbour, rate, options).report(), flush=True)
            print(f"resident memory: {rss} KiB before, {resident(harbour.relay.pid)} KiB after")
            log = harbour.relay.json("stderr")
            told = sum(line["event"] == "refused" for line in log)
            limited = [line["count"] for line in log if line["event"] == "refusals-limited"]
            print(f"log: {told} lines of single refusals, {len(limited)} lines that count {sum(limited)} more")
            harbour.relay.stop()
            print(harbour.receipts())
    return 0


class Flood:
    """Some windows with strangers, and as many without."""

    def __init__(self, harbour, rate, options):
        self.rate = rate
        self.harbour = harbour
        self.addresses = 1 if options.one_address else MANY_ADDRESSES
        self.window = options.window
        self.windows = {"without": [], "with": []}
        self.answers = []
        self.cpu = {"without": [], "with": []}
        seconds = SETTLE + 2 * options.rounds * (options.window + GAP) + 1
        regulars = subprocess.Popen(
            [harbour.program("regulars"), str(harbour.port), harbour.key, str(options.sessions), str(options.new),
             str(seconds)], stdout=subprocess.PIPE, text=True)
        # Compiled before a window begins: a compiler is a flood of its own.
        harbour.program("strangers")
        self.pids = {"relay": harbour.relay.pid, "stand-in": harbour.standin.program.pid, "good clients": regulars.pid}
        time.sleep(SETTLE)
        for _ in range(options.rounds):
            self.pass_window("without", lambda: time.sleep(self.window))
            self.pass_window("with", lambda: self.answers.append(self.strangers()))
        lines = regulars.communicate()[0].splitlines()
        if regulars.returncode != 0:
            raise AssertionError("a good client did not get what it should")
        self.samples = [(float(when), kind, float(took)) for when, kind, took in map(str.split, lines)]

    def pass_window(self, kind, body):
        before = {name: cpu_seconds(pid) for name, pid in self.pids.items()}
        begin = time.monotonic()
        body()
        end = time.monotonic()
        self.windows[kind].append((begin, end))
        self.cpu[kind].append({name: (cpu_seconds(pid) - before[name]) / (end - begin) for name, pid in self.pids.items()})
        time.sleep(GAP)

    def strangers(self):
        before = os.times().children_user + os.times().children_system
        output = subprocess.run(
            [self.harbour.program("strangers"), str(self.harbour.port), str(self.rate), str(self.window),
             str(self.addresses)], stdout=subprocess.PIPE, text=True, check=True, preexec_fn=stand_back
        ).stdout
        used = os.times().children_user + os.times().children_system - before
        return {**json.loads(output), "cpu": used / self.window}

    def report(self):
        origin = "one address" if self.addresses == 1 else f"{self.addresses:,} addresses"
        asked = sum(answer["begun"] for answer in self.answers) / len(self.answers) / self.window
        told = {key: sum(answer.get(key, 0) for answer in self.answers)
                for key in sorted({key for answer in self.answers for key in answer} - {"cpu"})}
        lines = [f"\n{self.rate:,} wrong keys a second wanted, {asked:,.0f} a second came, from {origin}; in all {told}",
                 "", "| µs | p50 without | with | ratio | p99 without | with | ratio | max without | with |",
                 "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
        for kind in ("echo", "open"):
            without, with_them = (sorted(self.of(kind, name)) for name in ("without", "with"))
            cells = []
            for share in (0.5, 0.99):
                quiet, busy = quantile(without, share), quantile(with_them, share)
                cells += [f"{quiet:,.0f}", f"{busy:,.0f}", f"{busy / quiet:.2f}"]
            lines.append(f"| {kind} | {' | '.join(cells)} | {without[-1]:,.0f} | {with_them[-1]:,.0f} |")
        lines += ["", "CPU, cores: " + "; ".join(
            f"{name} {self.mean_cpu('without', name):.2f} without, {self.mean_cpu('with', name):.2f} with"
            for name in self.pids) + f"; strangers {statistics.mean(answer['cpu'] for answer in self.answers):.2f}"]
        return "\n".join(lines)

    def mean_cpu(self, kind, name):
        return statistics.mean(window[name] for window in self.cpu[kind])

    def of(self, kind, window):
        return [took for when, what, took in self.samples
                if what == kind and any(begin <= when <= end for begin, end in self.windows[window])]


class Harbour:
    """A relay that serves plain `ws://` on loopback, the stand-in behind it, and the programs that visit it."""

    def __init__(self, binaries, folder, threads):
        self.folder = folder
        self.standin = StandIn(binaries, "--echo", "--plain", "--zones", "echo")
        self.key = client_key()
        self.key_of_one_who_goes = client_key()
        self.tenants = {"good": tenant("echo", self.key), "goes": tenant("echo", self.key_of_one_who_goes)}
        echo = zone(f"ws://{self.standin.host('echo')}/", secret_file(folder, "key", "no-key-that-an-echo-needs"),
                    self.standin.authority, provider="generic")
        self.relay, self.port = start_relay(
            binaries, folder, self.standin.certificate, zones={"echo": echo}, tenants=self.tenants,
            listeners=[{"address": "127.0.0.1:0"}], log={"level": "info", "format": "json"}, threads=threads,
            receipts={"file": str(folder / "receipts.jsonl")})

    def revoke(self):
        """Takes one tenant out of the policy."""
        write_policy(self.folder / "policy.yaml", {"good": self.tenants["good"]})
        self.relay.signal(signal.SIGHUP)
        self.relay.wait_for("stderr", lambda line: line["event"] == "reloaded")

    def program(self, name):
        path = self.folder / name
        if not path.exists():
            subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", path, HERE / f"{name}.c"], check=True)
        return path

    def receipts(self):
        kinds, lost = {}, 0
        for line in (self.folder / "receipts.jsonl").read_text().splitlines():
            receipt = json.loads(line)
            kinds[receipt["kind"]] = kinds.get(receipt["kind"], 0) + 1
            lost += receipt.get("count", 0)
        return f"receipts: {kinds}; refusals counted instead: {lost}"


def stand_back():
    """Lets others go first: by niceness, or at the end of the row where all of this runs in real time (`chrt --fifo 10`)."""
    if os.sched_getscheduler(0) == os.SCHED_FIFO:
        os.sched_setparam(0, os.sched_param(1))
    else:
        os.nice(COURTESY)


def pin(pid, cores):
    """Keeps a program and what it starts from now on to these cores."""
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries")
    parser.add_argument("--rate", dest="rates", type=int, action="append", help="wrong keys a second; several times for a curve")
    parser.add_argument("--one-address", action="store_true", help="all of them from one address")
    parser.add_argument("--rounds", type=int, default=6, help="pairs of windows")
    parser.add_argument("--window", type=float, default=5, help="seconds")
    parser.add_argument("--sessions", type=int, default=200, help="good sessions that stream")
    parser.add_argument("--new", type=int, default=20, help="good sessions opened in a second")
    parser.add_argument("--threads", type=int, default=0, help="loops of the relay; 0: one a core that it has")
    parser.add_argument("--shared", action="store_true", help="all programs use all cores")
    options = parser.parse_args()
    options.rates = options.rates or [1_000, 3_000, 10_000]
    sys.exit(main(options))
