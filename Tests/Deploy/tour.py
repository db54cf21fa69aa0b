"""The tour of Docker/compose.yaml without containers: its files, with other paths and ports, on loopback."""

import json
import shutil
import socket
import sys
import urllib.error
import urllib.request

import yaml

from expectations import expect, expect_equal
from programs import Program
from tools import ROOT, run

TOUR = ROOT / "Docker/tour"
ZONES = ["us", "eu", "edge"]
VISITORS_SECONDS = 90
# Twice: a counter that comes into being with its first count shows no rate before its second.
VISITS = 2


class Tour:
    def __init__(self, binaries, folder):
        self.binaries, self.made, self.place = binaries, folder / "made", folder / "tour"
        self.config = self.place / "tidegate.yaml"
        self.receipts = folder / "receipts.jsonl"
        self.programs = []

    def __enter__(self):
        run(TOUR / "prepare", self.made)
        shutil.copytree(TOUR / "relay", self.place)
        redis = free_port()
        self.start("redis-server", "--port", redis, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        standin = self.start(self.binaries / "tidegate-standin", "--zones", ",".join(ZONES), "--certs", self.made / "zones",
                             *(part for zone in ZONES for part in ("--key", f"{zone}={self.secret(zone)}")))
        facts = standin.wait_for("stdout", lambda line: "zones" in line)
        self.configure({zone: facts["zones"][zone]["port"] for zone in ZONES}, redis)
        self.relay = self.start(self.binaries / "tidegate", "serve", "--config", self.config)
        listening = self.relay.wait_for("stderr", lambda line: line.get("event") == "listening")
        admin = self.relay.wait_for("stderr", lambda line: line.get("event") == "listening" and line.get("kind") == "admin")
        self.port, self.admin = (int(line["address"].rpartition(":")[2]) for line in (listening, admin))
        return self

    def __exit__(self, *_):
        for program in reversed(self.programs):
            program.__exit__()

    def start(self, *command):
        program = Program([str(part) for part in command])
        self.programs.append(program)
        return program

    def secret(self, name):
        return (self.made / "secrets" / name).read_text().strip()

    def configure(self, ports, redis):
        """The tour's own configuration, with places of this machine's for those of the containers'."""
        relay = yaml.safe_load((self.place / "tidegate.yaml").read_text().replace("/made/", f"{self.made}/"))
        relay["listeners"][0]["address"] = "127.0.0.1:0"
        relay["admin"]["address"] = "127.0.0.1:0"
        relay["receipts"]["file"] = str(self.receipts)
        relay["shared_state"]["redis"]["url"] = f"redis://127.0.0.1:{redis}/0"
        for name, zone in relay["zones"].items():
            zone["endpoints"] = [{"url": zone["endpoints"][0], "address": f"127.0.0.1:{ports[name]}"}]
            zone["verify"]["networks"] = ["127.0.0.0/8"]
        self.config.write_text(json.dumps(relay))

    # What is checked.

    def the_visitors_are_heard_or_refused(self):
        visitors = self.start(sys.executable, TOUR / "visitors.py", f"wss://localhost:{self.port}",
                              self.made / "tls/ca.crt", ROOT / "Sources/CDemoAudio/speech.wav", VISITS)
        expect_equal(visitors.wait(VISITORS_SECONDS), 0, "the visitors' exit status")
        lines = visitors.lines["stdout"]
        outcomes = {" ".join(line.split()[:2]): line.split(None, 2)[2] for line in lines}
        expect_equal(outcomes.pop("acme-gmbh /us/v3/ws"), "refused: HTTP 403", "a visitor who asks for another's zone")
        expect_equal(outcomes.pop("nobody /v3/ws"), "refused: HTTP 401", "a stranger")
        expect_equal(len(outcomes), 6, "visitors")
        for visitor, outcome in outcomes.items():
            expect(outcome.startswith("heard: Anchor pier"), f"{visitor}: {outcome}")

    def health_is_told_to_who_shows_the_token(self):
        address = f"127.0.0.1:{self.admin}"
        told = yaml.safe_load(self.config.read_text())
        told["admin"]["address"] = address
        asked = self.config.with_name("health.yaml")
        asked.write_text(json.dumps(told))
        expect_equal(run(self.binaries / "tidegate", "health", "--config", asked), "ready\n", "the answer")
        expect_equal(run(self.binaries / "tidegate", "health", "--live", "--config", asked), "live\n", "the answer")
        try:
            urllib.request.urlopen(f"http://{address}/readyz", timeout=10).close()
        except urllib.error.HTTPError as refusal:
            expect_equal(refusal.code, 401, "the status without the token")
        else:
            raise AssertionError("the admin listener answers a stranger")

    def the_receipts_are_whole(self):
        expect_equal(self.relay.stop(), 0, "the relay's exit status")
        told = run(self.binaries / "tidegate", "audit", "verify", self.receipts, "--public-key", self.made / "receipts.pub")
        expect(told.startswith("Whole:") and "Closed in order." in told, f"audit verify says:\n{told}")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
