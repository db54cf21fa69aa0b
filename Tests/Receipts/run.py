"""What receipts promise of a relay that dies and of a disk that is full: `run.py BINARIES [KILLS]`."""

import json
import pathlib
import random
import resource
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "Clients"), str(HERE.parent / "Soak")]

from expectations import expect, expect_equal  # noqa: E402
from relay import client_key, secret_file, start_relay, tenant, zone  # noqa: E402
from standin import StandIn  # noqa: E402
from visits import AUDIO, TERMINATE, Visitor, frame, read_to_end, read_until  # noqa: E402

CLIENTS = 12
ZONES = ["us", "eu"]
PATIENCE = 20


def main(binaries, kills):
    seed = random.randrange(2**32)
    print(f"seed {seed}", flush=True)
    for story in (killed, full):
        with tempfile.TemporaryDirectory(prefix="tidegate-receipts-") as folder:
            story(Harbour(pathlib.Path(binaries), pathlib.Path(folder)), kills, random.Random(seed))
    return 0


def killed(harbour, kills, source):
    """However often the relay is killed: the log verifies, names every session without a receipt, and knows of every one
    that a provider heard."""
    with harbour.standin.program:
        for _ in range(kills):
            relay, visits = harbour.start(), Visits(harbour)
            with relay:
                time.sleep(source.uniform(0.2, 1.5))
                relay.kill()
                visits.stop()
                harbour.expect_whole()
        relay, visits = harbour.start(), Visits(harbour)
        with relay:
            time.sleep(1)
            visits.stop()
            expect_equal(relay.stop(), 0, "exit status")
        verdict = harbour.expect_whole()
    expect(verdict["closed"] and verdict["unsigned"] == 0, verdict)
    expect(verdict["sessions"] > 0, "no session came to its end")
    print(f"killed {kills} times: {verdict['lines']} lines, {verdict['sessions']} sessions, "
          f"{len(verdict['unfinished'])} without a receipt, all named", flush=True)


def full(harbour, _, source):
    """A full disk refuses new sessions and none that is there, and nothing is lost once there is room."""
    with harbour.standin.program, harbour.start() as relay:
        live = harbour.session(ZONES[0])
        hard = resource.prlimit(relay.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(relay.pid, resource.RLIMIT_FSIZE, (harbour.log.stat().st_size + source.randrange(700), hard))
        refused = 0
        deadline = time.monotonic() + PATIENCE
        while refused < 3:
            expect(time.monotonic() < deadline, "a relay whose disk is full takes sessions")
            refused += harbour.is_refused(ZONES[1])
        relay.wait_for("stderr", lambda line: line.get("event") == "receipts-unwritable")
        live.sendall(frame(0x82, AUDIO) + frame(0x81, TERMINATE))
        expect(b'"Termination"' in read_until(live, b"Session Ended"), "a live session ends as always")
        resource.prlimit(relay.pid, resource.RLIMIT_FSIZE, (hard, hard))
        relay.wait_for("stderr", lambda line: line.get("event") == "receipts-writable")
        expect(not harbour.is_refused(ZONES[1]), "there is room, and still sessions are refused")
        expect_equal(relay.stop(), 0, "exit status")
        verdict = harbour.expect_whole()
    expect(verdict["closed"] and not verdict["unfinished"] and verdict["lost"] == 0, verdict)
    expect(verdict["refusals"] + verdict["sessions"] >= 5, verdict)
    print(f"full disk: {verdict['sessions']} sessions, {verdict['refusals']} refusals, nothing lost", flush=True)


class Harbour:
    """The stand-in, and a relay that keeps receipts and can be started again. Each client is a tenant of its own."""

    def __init__(self, binaries, folder):
        self.binaries, self.folder = binaries, folder
        self.standin = StandIn(binaries, "--zones", ",".join(ZONES))
        self.keys = [client_key() for _ in range(CLIENTS)]
        self.log = folder / "receipts.jsonl"
        self.signing_key, self.public_key = folder / "signing.key", folder / "signing.pub"
        openssl("genpkey", "-algorithm", "ed25519", "-out", str(self.signing_key))
        openssl("pkey", "-in", str(self.signing_key), "-pubout", "-out", str(self.public_key))

    def start(self):
        zones = {}
        for name in ZONES:
            key = secret_file(self.folder, f"key-{name}", self.standin.key(name))
            zones[name] = zone(f"wss://{self.standin.host(name)}/v3/ws", key, self.standin.authority)
        receipts = {"file": str(self.log), "signing_key": {"file": str(self.signing_key)}, "checkpoint": "1s"}
        relay, self.port = start_relay(
            self.binaries, self.folder, self.standin.certificate, zones,
            {f"tenant-{number}": tenant(ZONES, key) for number, key in enumerate(self.keys)}, receipts=receipts,
            log={"level": "info", "format": "json"})
        return relay

    def visitor(self, number=0):
        return Visitor(self.port, str(self.standin.authority), self.keys[number])

    def session(self, name, number=0):
        """A session that has begun."""
        visitor = self.visitor(number)
        secure = visitor.context.wrap_socket(visitor._connect(), server_hostname="localhost")
        # What the provider's ledger keeps of the query says whose session it was.
        visitor.request(secure, f"/{name}/v3/ws?sample_rate=16000&tenant={number}")
        read_until(secure, b'"Begin"')
        return secure

    def is_refused(self, name):
        try:
            with self.session(name):
                return False
        except AssertionError as failure:
            expect("receipts cannot be written" in str(failure), failure)
            return True

    def expect_whole(self):
        """Verifies the log with the public key alone, and holds it against what the provider heard."""
        done = subprocess.run(
            [str(self.binaries / "tidegate"), "audit", "verify", str(self.log), "--public-key", str(self.public_key),
             "--json"], capture_output=True, text=True)
        verdict = json.loads(done.stdout)
        expect(done.returncode == 0 and verdict["whole"], f"{done.stdout}{done.stderr}")
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith('"}')]
        opened = {line["session"]: line["tenant"] for line in lines if line["kind"] == "opened"}
        over = {line["session"] for line in lines if line["kind"] in ("session", "refusal")}
        expect_equal({session["session"] for session in verdict["unfinished"]}, set(opened) - over, "without receipt")
        for number, count in self.heard().items():
            known = sum(name == f"tenant-{number}" for name in opened.values())
            expect(count <= known, f"the provider heard {count} sessions of tenant-{number}, the log knows {known}")
        return verdict

    def heard(self):
        """How many sessions of each tenant the provider heard audio of."""
        with urllib.request.urlopen(f"{self.standin.facts['control']}/ledger", timeout=PATIENCE) as answer:
            sessions = json.load(answer)["sessions"]
        heard = [session for session in sessions if session["received"]["binary_messages"] > 0]
        numbers = [session["target"].rpartition("=")[2] for session in heard]
        return {number: numbers.count(number) for number in set(numbers)}


class Visits:
    """Clients that come and go until they are stopped, or the relay is."""

    def __init__(self, harbour):
        self._harbour = harbour
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._visit, args=(number,)) for number in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _visit(self, number):
        turn = number
        while not self._stopped.is_set():
            turn += 1
            try:
                with self._harbour.session(ZONES[turn % len(ZONES)], number) as secure:
                    secure.sendall(frame(0x82, AUDIO) * (turn % 5 + 1))
                    if turn % 3:
                        secure.sendall(frame(0x81, TERMINATE))
                        read_until(secure, b"Session Ended")
                        secure.sendall(frame(0x88, b"\x03\xe8"))
                        read_to_end(secure)
            except (OSError, ssl.SSLError, AssertionError):
                # The relay is gone; whoever comes next finds out.
                time.sleep(0.01)


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20))
