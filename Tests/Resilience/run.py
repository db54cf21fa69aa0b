"""What a relay does when its machine gives out: `run.py BINARIES [STORY]…`.

Each story takes something away from a running relay, looks whether those who are served notice, and gives it back: the relay has to
go on by itself. Root can take more away; what is skipped without it is said.
"""

import contextlib
import json
import os
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "Clients"))

from relay import client_key, secret_file, start_relay, tenant, zone  # noqa: E402
from standin import StandIn  # noqa: E402

PATIENCE = 60
HOUR = 3600


def main(binaries, *wanted):
    unknown = [name for name in wanted if name not in STORIES]
    if unknown:
        sys.exit(f"no such story: {', '.join(unknown)}; there are {', '.join(STORIES)}")
    faults = []
    for name, story in STORIES.items():
        if wanted and name not in wanted:
            continue
        print(f"== {name}: {story.__doc__.splitlines()[0]}", flush=True)
        try:
            with tempfile.TemporaryDirectory(prefix="tidegate-resilience-") as folder:
                with Harbour(pathlib.Path(binaries), pathlib.Path(folder)) as harbour:
                    story(harbour)
        except AssertionError as fault:
            faults.append(f"{name}: {fault}")
            print(f"FAULT: {fault}")
    print("as promised" if not faults else f"{len(faults)} faults")
    return 1 if faults else 0


# Descriptors

def few_descriptors(harbour):
    """Clients that never come to the point take every descriptor that can be spared, and nobody else notices."""
    limit, strangers = 160, 300
    harbour.start("sh", "-c", f'ulimit -n {limit}; exec "$0" "$@"', timeouts={"handshake": "2s"})
    session = harbour.session()
    crowd = [socket.create_connection(("127.0.0.1", harbour.port)) for _ in range(strangers)]
    harbour.relay.wait_for("stderr", lambda line: "new clients wait" in line.get("detail", ""))
    for _ in range(20):
        session.round_trip()
    expect(harbour.health() == 200, "the operators' door is shut")
    harbour.relay.signal(signal.SIGHUP)
    harbour.relay.wait_for("stderr", lambda line: line["event"] == "reloaded" and line.get("count") == 1)
    harbour.receipts.rename(harbour.receipts.with_suffix(".1"))
    until(harbour.receipts.exists, "receipts are not rotated")
    # Behind the crowd, in the kernel's queue; the crowd is given up when its time is over.
    harbour.session().round_trip()
    session.round_trip()
    expect(not harbour.events("dial-failed"), "a session could not be dialled")
    told = [line for line in harbour.relay.json("stderr") if "new clients wait" in line.get("detail", "")]
    expect(len(told) <= 4, f"it was told {len(told)} times")
    for stranger in crowd:
        stranger.close()


def no_descriptor_for_a_dial(harbour):
    """A session that cannot be dialled because every descriptor is taken is told so, and the next one is served."""
    harbour.start(limits={"refusals_per_minute": 100_000})
    witness = harbour.session()
    witness.round_trip()
    for _ in range(20):
        client = harbour.connect()
        harbour.wait_until_taken(client)
        with harbour.no_more_descriptors():
            client.ask()
            expect(client.status() == 101, "the client was not told in-band")
            opcode, payload = client.frame()
        expect((opcode, int.from_bytes(payload[:2], "big")) == (8, 4429) and b"no room for another connection" in payload,
               f"{opcode}, {payload}")
        client.close()
    witness.round_trip()
    harbour.session().round_trip()


# The log

def no_standard_error(harbour):
    """Standard error is closed before the relay starts."""
    harbour.start_unseen("2>&-")
    judge_unlogged(harbour)


def full_disk_under_the_log(harbour):
    """The log goes to a disk that is full."""
    harbour.start_unseen("2>/dev/full")
    judge_unlogged(harbour)


def log_without_a_reader(harbour):
    """Whoever reads the log is gone."""
    reader, writer = os.pipe()
    os.close(reader)
    harbour.start_unseen(f"2>&{writer}", writer)
    judge_unlogged(harbour)


def log_that_nobody_reads(harbour):
    """The log's reader takes nothing for as long as the relay lives."""
    reader, writer = os.pipe()
    harbour.start_unseen(f"2>&{writer}", writer)
    # More than the pipe holds.
    for _ in range(400):
        expect(harbour.status(target="/nowhere") == 404, "a bad request was not answered")
    judge_unlogged(harbour)
    os.close(reader)


def judge_unlogged(harbour):
    for _ in range(20):
        harbour.session().close()
    harbour.session().round_trip()
    expect(harbour.relay.stop() == 0, "the relay did not end well")
    lines = harbour.receipt_lines()
    expect(sum(line["kind"] == "session" for line in lines) >= 21, "sessions are missing in the receipts")
    expect(not any(b"event" in line.encode() for line in map(json.dumps, lines)), "the log stands in the receipts")


# The clock

def clock_jumps(harbour):
    """The wall clock is set an hour ahead, back, and an hour behind."""
    clock = Clock(harbour.folder)
    harbour.start(environment=clock.environment, timeouts={"ping": "500ms"})
    session = harbour.session()
    spent = harbour.token(600)
    first = harbour.session(spent)
    # Spent once the upstream is there.
    first.round_trip()
    first.close()
    for jump in (HOUR, -HOUR):
        fresh = harbour.token(60)
        for now, wanted in [(jump, 401 if jump > 0 else 101), (0, 101 if jump > 0 else 401)]:
            clock.set(now)
            session.round_trip()
            # What goes by time passed goes on: the relay pings its idle legs.
            expect(session.hears_ping(), f"at {now:+} s the session is not pinged")
            status = harbour.status(fresh)
            expect(status == wanted, f"at {now:+} s, after {jump:+} s, a token of a minute was answered {status}")
            expect(harbour.status(spent) == 401, f"at {now:+} s a spent token was good")
            harbour.session(harbour.token(60)).close()
    session.round_trip()
    harbour.relay.stop()
    sessions = [line for line in harbour.receipt_lines() if line["kind"] == "session"]
    expect(all(line["start"] <= line["end"] for line in sessions), "a session ended before it began")
    expect(max(line["duration_ms"] for line in sessions) < 120_000, "a session lasted as long as a jump")
    verdict = subprocess.run([harbour.binaries / "tidegate", "audit", "verify", harbour.receipts])
    expect(verdict.returncode == 0, "the receipts are not whole")


class Clock:
    """The wall clock of one process."""

    def __init__(self, folder):
        self.file = folder / "offset"
        library = folder / "clock.so"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, HERE / "clock.c"], check=True)
        self.set(0)
        self.environment = os.environ | {"LD_PRELOAD": str(library), "CLOCK_OFFSET": str(self.file)}

    def set(self, seconds):
        mode = "r+b" if self.file.exists() else "wb"
        with open(self.file, mode) as file:
            file.write(struct.pack("=q", seconds))


# Crashes

def crash_that_nobody_asked_about(harbour):
    """A crash says nothing."""
    harbour.start()
    harbour.health()  # which its last line of the start leads to
    before = len(harbour.relay.lines["stderr"])
    harbour.relay.signal(signal.SIGSEGV)
    expect(harbour.relay.wait(PATIENCE) == -signal.SIGSEGV, "it did not crash")
    expect(harbour.relay.lines["stderr"][before:] == [], "it said something")


def crash_report(harbour):
    """Whoever asked for reports by name learns where a crash happened, and no content."""
    asked = "enable=yes,registers=none,images=none,interactive=no,color=no"
    if helper := os.environ.get("BACKTRACER"):
        asked += f",swift-backtrace={helper}"
    harbour.start(environment=os.environ | {"SWIFT_BACKTRACE": asked}, timeouts={"ping": "1s"})
    harbour.session()
    harbour.relay.signal(signal.SIGSEGV)
    harbour.relay.wait_for_text("stderr", r"Backtrace took", PATIENCE)
    harbour.relay.kill()
    report = "\n".join(harbour.relay.lines["stderr"])
    expect("EventLoop.turn()" in report, f"the report does not say where:\n{report}")
    for name, secret in {"provider key": harbour.standin.key("eu"), "client key": harbour.key}.items():
        expect(secret not in report, f"the report holds the {name}")


STORIES = {
    story.__name__.replace("_", "-"): story for story in [
        few_descriptors, no_descriptor_for_a_dial, no_standard_error, full_disk_under_the_log, log_without_a_reader,
        log_that_nobody_reads, clock_jumps, crash_that_nobody_asked_about, crash_report]
}


class Harbour:
    """A relay before a provider that sends back what it hears."""

    def __init__(self, binaries, folder):
        self.binaries = binaries
        self.folder = folder
        self.key = client_key()
        self.standin = StandIn(binaries, "--zones", "eu", "--echo")
        self.receipts = folder / "receipts.jsonl"
        self.relay = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in filter(None, [self.relay, self.standin.program]):
            program.__exit__()

    def start(self, *under, environment=None, descriptors=(), **more):
        signing = secret_file(self.folder, "signing", os.urandom(32).hex())
        provider_key = secret_file(self.folder, "eu", self.standin.key("eu"))
        zones = {"eu": zone(f"wss://{self.standin.host('eu')}/v3/ws", provider_key, self.standin.authority,
                            provider="generic")}
        standard = {
            "listeners": [{"address": "127.0.0.1:0"}], "admin": {"address": "127.0.0.1:0"},
            "tokens": {"signing_keys": [{"file": str(signing)}]}, "receipts": {"file": str(self.receipts)},
            "log": {"level": "info", "format": "json"}}
        timeouts = {"ping": "60s", "drain": "1s", **more.pop("timeouts", {})}
        self.relay, port = start_relay(
            self.binaries, self.folder, self.standin.certificate, zones, {"acme": tenant("eu", self.key)}, under=under,
            environment=environment, descriptors=descriptors, timeouts=timeouts, **{**standard, **more})
        self.port = port or self.port

    def start_unseen(self, redirection, *descriptors):
        """With a log that nobody can read; where it listens is known, for it is given its socket."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        number = listener.fileno()
        script = f'exec 3<&{number}; export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" "$@" {redirection}'
        self.port = listener.getsockname()[1]
        # It prints nothing that could be waited for.
        self.start("bash", "-c", script, descriptors=(number, *descriptors), is_waited_for=False,
                   limits={"refusals_per_minute": 100_000}, listeners=[{"address": f"127.0.0.1:{self.port}"}])

    # What clients do

    def connect(self, target="/v3/ws", token=None):
        return Client(self.port, target, self.key if token is None else f"Bearer {token}")

    def session(self, token=None):
        client = self.connect(token=token)
        client.ask()
        status = client.status()
        expect(status == 101, f"a good client was answered {status}")
        return client

    def status(self, token=None, target="/v3/ws"):
        """What a request is answered with. A session that was opened is heard once, and ended."""
        client = self.connect(target, token)
        client.ask()
        status = client.status()
        if status == 101:
            client.round_trip()
        client.close()
        return status

    def token(self, seconds):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v3/token?expires_in_seconds={seconds}", headers={"Authorization": self.key})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)["token"]

    @contextlib.contextmanager
    def no_more_descriptors(self):
        """The relay can open nothing more than it has open."""
        process = self.relay.pid
        before = resource.prlimit(process, resource.RLIMIT_NOFILE)
        taken = {int(name) for name in os.listdir(f"/proc/{process}/fd")}
        resource.prlimit(process, resource.RLIMIT_NOFILE, (min(set(range(len(taken) + 1)) - taken), before[1]))
        try:
            yield
        finally:
            resource.prlimit(process, resource.RLIMIT_NOFILE, before)

    # What operators see

    def health(self):
        listening = self.relay.wait_for("stderr", lambda line: line["event"] == "listening" and line.get("kind") == "admin")
        with urllib.request.urlopen(f"http://{listening['address']}/healthz", timeout=PATIENCE) as answer:
            return answer.status

    def events(self, name):
        return [line for line in self.relay.json("stderr") if line.get("event") == name]

    def receipt_lines(self):
        return [json.loads(line) for line in self.receipts.read_text().splitlines()]

    def wait_until_taken(self, client):
        """Until the relay has accepted a connection: until then its end belongs to no file."""
        until(lambda: owner_of_other_end(client.socket) != "0", "the relay takes no connection")


class Client:
    """A WebSocket over plain TCP, as far as it is needed here."""

    def __init__(self, port, target, authorization):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.lines = [f"GET {target} HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
                      f"Authorization: {authorization}", "", ""]
        self.stream = self.socket.makefile("rb")
        self.count = 0

    def ask(self):
        self.socket.sendall("\r\n".join(self.lines).encode())

    def status(self):
        status = self.stream.readline()
        while self.stream.readline() not in (b"\r\n", b""):
            pass
        return int(status.split()[1]) if status else None

    def send(self, opcode, payload):
        """Masked with zeros."""
        self.socket.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + bytes(4) + payload)

    def frame(self):
        first, length = self.stream.read(2)
        if length == 126:
            length, = struct.unpack(">H", self.stream.read(2))
        return first & 0x0F, self.stream.read(length)

    def round_trip(self):
        self.count += 1
        text = f"message {self.count}".encode()
        self.send(1, text)
        while (heard := self.frame()) != (1, text):
            expect(heard[0] in (9, 10), f"{heard} came instead of an echo")
            self.answer(heard)

    def hears_ping(self):
        heard = self.frame()
        self.answer(heard)
        return heard[0] == 9

    def answer(self, heard):
        if heard[0] == 9:
            self.send(10, heard[1])

    def close(self):
        self.stream.close()
        self.socket.close()


def owner_of_other_end(own):
    """The inode of the other end of a connection over 127.0.0.1, as the kernel's table shows it."""
    ends = [f"0100007F:{address[1]:04X}" for address in (own.getpeername(), own.getsockname())]
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    return next((row[9] for row in rows if row[1:3] == ends), "0")


def until(condition, fault):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        expect(time.monotonic() < deadline, fault)
        time.sleep(0.02)


def expect(condition, fault):
    if not condition:
        raise AssertionError(fault)


if __name__ == "__main__":
    # So that an interrupted run takes its programs with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main(*sys.argv[1:]))
