"""What a session costs over HTTP/2, beside HTTP/1.1 and beside other proxies: `http2.py BINARIES --load P --upstream P`.

`--load` is a WebSocket load generator and `--upstream` an echo, both for TLS 1.3, with the options used below. A bridge makes
HTTP/2 of the load's connections, a hundred streams on each. Proxies take turns, round by round; what is counted is the
proxy's own processor time (`/proc/PID/stat`, in the load's measuring window) and memory (PSS). Prints medians, and ratios to
Tidegate over HTTP/1.1 that are formed round by round.
"""

import argparse
import json
import pathlib
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "Clients"))

from http2_peers import Setting, present
from programs import Program
from relay import client_key, secret_file, start_relay, tenant, zone
from standin import StandIn

VERSIONS = ["HTTP/1.1", "HTTP/2"]
CREDENTIAL = "the-provider-key"
READY_SECONDS = 15
OWN = "tidegate"


def main(options):
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-http2-") as folder:
        bench = Bench(options, pathlib.Path(folder))
        with bench.standin.program, bench.upstream:
            proxies = [OWN, *present(bench.programs)]
            print(f"{', '.join(proxies)}; {options.sessions} sessions, {options.bytes} bytes every {options.period} ms, "
                  f"{options.seconds} s; {options.idle} idle sessions; {options.rounds} rounds", file=sys.stderr)
            for number in range(options.rounds):
                for proxy in proxies:
                    for version in VERSIONS:
                        bench.measure(number, proxy, version)
            print(bench.table(proxies))
    return 0


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.binaries = pathlib.Path(options.binaries)
        self.programs = dict(named.split("=", 1) for named in options.peers)
        self.standin = StandIn(self.binaries, "--echo")
        self.chain, self.key = self.standin.certificate
        self.upstream_port = free_port()
        self.upstream = Program([
            options.upstream, "--listen", f"127.0.0.1:{self.upstream_port}", "--cert", str(self.chain), "--key", str(self.key),
            "--mode", "echo", "--require-auth", CREDENTIAL])
        wait_for_tls(self.upstream_port, self.standin.authority, self.upstream)
        self.results, self.faults = {}, {}

    def measure(self, number, proxy, version):
        if (proxy, version) in self.faults:
            return
        folder = self.folder / f"{proxy}.{VERSIONS.index(version)}.{number}"
        folder.mkdir()
        try:
            program, port, key = self.start(proxy, folder)
            with program:
                load = Load(self, port, key, version)
                with load:
                    result = load.memory(program.pid) | load.messages(program.pid)
            self.results.setdefault((proxy, version), {})[number] = result
            print(f"{number} {proxy} {version} {result}", file=sys.stderr, flush=True)
        except AssertionError as fault:
            self.faults[proxy, version] = str(fault)
            print(f"{number} {proxy} {version} FAULT: {fault}", file=sys.stderr, flush=True)

    def start(self, proxy, folder):
        """The proxy, its port, and the credential that it wants of clients."""
        if proxy == OWN:
            key = client_key()
            up = zone(f"wss://localhost:{self.upstream_port}/v3/ws", secret_file(folder, "key", CREDENTIAL),
                      self.standin.authority, provider="generic")
            program, port = start_relay(
                self.binaries, folder, (self.chain, self.key), zones={"up": up}, tenants={"bench": tenant("up", key)},
                threads=1, log={"level": "info"},
                limits={"connections_per_address": 10_000})
            return program, port, key
        make, path = present(self.programs)[proxy]
        port = free_port()
        setting = Setting(folder, port, self.upstream_port, self.standin.authority, self.chain, self.key, CREDENTIAL)
        program = Program(make(setting, path))
        wait_for_tls(port, self.standin.authority, program)
        return program, port, None

    def table(self, proxies):
        lines = ["| proxy | version | CPU a message, µs | of Tidegate's over HTTP/1.1 | messages | PSS an idle session, KiB "
                 "| of Tidegate's over HTTP/1.1 |", "| --- | --- | ---: | ---: | ---: | ---: | ---: |"]
        for proxy in proxies:
            for version in VERSIONS:
                if (proxy, version) in self.faults:
                    lines.append(f"| {proxy} | {version} | {self.faults[proxy, version].splitlines()[0]} | | | | |")
                    continue
                cells = []
                for name, digits in (("cpu", 2), ("pss", 1)):
                    mine = self.values(proxy, version, name)
                    base = self.values(OWN, VERSIONS[0], name)
                    ratios = [mine[number] / base[number] for number in mine if number in base]
                    cells.append((f"{statistics.median(mine.values()):.{digits}f}", f"{statistics.median(ratios):.2f}"))
                messages = sum(result["messages"] for result in self.results[proxy, version].values())
                lines.append(f"| {proxy} | {version} | {' | '.join(cells[0])} | {messages:,} | {' | '.join(cells[1])} |")
        return "\n".join(lines)

    def values(self, proxy, version, name):
        return {number: result[name] for number, result in self.results.get((proxy, version), {}).items()}


class Load:
    """Clients of a proxy: directly, or as streams of a bridge's connections."""

    def __init__(self, bench, port, key, version):
        self.bench, self.options = bench, bench.options
        self.bridge = None
        way = ["--connect", f"127.0.0.1:{port}", "--sni", "localhost", "--ca", str(bench.standin.authority)]
        if version == "HTTP/2":
            self.bridge = Program([
                str(bench.binaries / "tidegate-standin"), "bridge", "--to", str(port), "--ca", str(bench.standin.authority),
                "--chain", str(bench.chain), "--key", str(bench.key)])
            ports = self.bridge.wait_for("stdout", lambda line: "plainPort" in line)
            way = ["--connect", f"127.0.0.1:{ports['plainPort']}", "--plain"]
        self.command = [self.options.load, *way, "--path", "/v3/ws", *(["--header", f"Authorization: {key}"] if key else [])]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.bridge:
            self.bridge.kill()

    def messages(self, pid):
        """Processor time of a relayed message, in µs."""
        options = self.options
        output = subprocess.run(
            [*self.command, "--mode", "paced", "--sessions", str(options.sessions), "--bytes", str(options.bytes), "--period",
             str(options.period), "--time", str(options.seconds), "--warm", "1", "--watch", f"proxy:{pid}"],
            stdout=subprocess.PIPE, text=True, timeout=120).stdout
        result = next((line for line in map(json.loads, output.splitlines()) if "result" in line), None)
        if result is None or result["failed"] or result["dropped"] or result["mismatch"] or not result["relayed"]:
            raise AssertionError(f"the load met faults: {output.splitlines()[-1:]}")
        watched = result["watch"]["proxy"]
        used = watched["utime_s"] + watched["stime_s"]
        return {"cpu": used * 1e6 / result["relayed"], "messages": result["relayed"],
                "precise": watched["cpu_s"] * 1e6 / result["relayed"], "busy": used / result["window_s"]}

    def memory(self, pid):
        """Memory of an idle session, in KiB."""
        count = self.options.idle
        before = pss(pid)
        idle = subprocess.Popen([*self.command, "--mode", "idle", "--sessions", str(count), "--bytes", "125", "--time", "60"],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            deadline = time.monotonic() + 60
            for line in idle.stdout:
                if json.loads(line).get("event") == "start" or time.monotonic() > deadline:
                    break
            # What is freed late, and the kernel's own buffers.
            time.sleep(0.5)
            return {"pss": (pss(pid) - before) / count}
        finally:
            idle.kill()
            idle.wait()


def pss(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(text.partition("\nPss:")[2].split()[0])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_tls(port, authority, program):
    context = ssl.create_default_context(cafile=authority)
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as plain:
                context.wrap_socket(plain, server_hostname="localhost").close()
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise AssertionError(f"the proxy does not answer: {error}\n{program.printed()}") from None
            time.sleep(0.05)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries")
    parser.add_argument("--load", required=True, help="the load generator's program")
    parser.add_argument("--upstream", required=True, help="the echo's program")
    parser.add_argument("--peer", dest="peers", action="append", default=[], metavar="NAME=PROGRAM",
                        help="where a proxy is that is not on the path: envoy, haproxy or nghttpx")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sessions", type=int, default=500)
    parser.add_argument("--bytes", type=int, default=3200, help="of a message")
    parser.add_argument("--period", type=int, default=100, help="milliseconds between a session's messages")
    parser.add_argument("--seconds", type=int, default=5, help="that are measured")
    parser.add_argument("--idle", type=int, default=1000, help="sessions whose memory is measured")
    sys.exit(main(parser.parse_args()))
