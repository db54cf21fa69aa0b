"""Starts the provider's stand-in and reads its ledger of sessions."""

import dataclasses
import json
import pathlib
import time
import urllib.request

from programs import Program

SETTLE_SECONDS = 20


@dataclasses.dataclass(frozen=True)
class Entry:
    """One session as the stand-in saw it."""

    zone: str
    target: str
    authorization: tuple
    ended: str

    @property
    def query(self):
        return self.target.partition("?")[2]


class StandIn:
    def __init__(self, binaries, *arguments):
        self.program = Program([str(binaries / "tidegate-standin"), *arguments])
        self.facts = self.program.wait_for("stdout", lambda line: "zones" in line or "port" in line)

    @property
    def authority(self):
        """The certificate that signed all the others."""
        return pathlib.Path(self.facts["ca"])

    @property
    def certificate(self):
        """Chain and key for a relay on localhost."""
        return pathlib.Path(self.facts["relayCertificate"]), pathlib.Path(self.facts["relayKey"])

    @property
    def zones(self):
        return list(self.facts["zones"])

    def key(self, zone):
        return self.facts["zones"][zone]["key"]

    def host(self, zone):
        return f"localhost:{self.facts['zones'][zone]['port']}"

    def fail(self, zone, faults, times):
        """Makes a zone do wrong, the next so many times."""
        order = json.dumps({"zone": zone, "faults": faults, "times": times}).encode()
        request = urllib.request.Request(f"{self.facts['control']}/fault", order, method="POST")
        urllib.request.urlopen(request, timeout=10).close()

    def ledger(self):
        """All sessions so far, oldest first."""
        with urllib.request.urlopen(f"{self.facts['control']}/ledger", timeout=10) as answer:
            return [entry(session) for session in json.load(answer)["sessions"]]

    def settled(self, since=0):
        """The sessions after the first `since`, once every one of them has ended."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            sessions = self.ledger()[since:]
            if all(session.ended != "open" for session in sessions):
                return sessions
            if time.monotonic() > deadline:
                raise AssertionError(f"sessions that do not end: {sessions}")
            time.sleep(0.05)


def entry(session):
    return Entry(session["zone"], session["target"], tuple(session["authorization"]), session["ended"])
