"""Files that change under live traffic: who may stay notices nothing, who may not is told within a second."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from expectations import expect, expect_equal
from relay import client_key, secret_file, start_relay, tenant, write_policy, zone

WITHIN_SECONDS = 1.0
POLICY_CHANGED = 4403


def stories():
    """Name and action of each story, in order."""
    yield "a changed policy file ends the sessions it forbids within a second", changed_policy
    yield "a faulty policy file changes nothing and is named", faulty_policy
    yield "a policy mounted by Kubernetes changes by its symlink", mounted_policy
    yield "SIGHUP takes a renewed provider key", renewed_key
    yield "a relay that is started anew refuses the tokens of before", restarted


def changed_policy(harbour):
    with Gate(harbour) as gate:
        with gate.stream("moved") as moved, gate.stream("kept") as kept:
            changed = time.monotonic()
            gate.write(moved="us")
            closed = moved.wait_for("stdout", lambda event: event.get("event") == "closed")
            took = time.monotonic() - changed
            expect_equal(closed["code"], POLICY_CHANGED, "the close code")
            expect(took < WITHIN_SECONDS, f"it took {took:.2f} s")
            gate.goes_on(kept)
        with gate.stream("moved"):
            pass
    zones = [session.zone for session in harbour.standin.settled(gate.before)]
    expect_equal(zones, ["eu", "eu", "us"], "the zones that heard audio")


def faulty_policy(harbour):
    with Gate(harbour) as gate, gate.stream("moved") as moved:
        gate.policy.write_text(gate.policy.read_text().replace('"residency": "eu"', '"residency": "mars"'))
        refused = gate.relay.wait_for("stderr", lambda line: line.get("event") == "reload-refused")
        expect("policy.yaml:" in refused["detail"] and "mars" in refused["detail"], f"the fault: {refused['detail']}")
        gate.goes_on(moved)


def mounted_policy(harbour):
    """Kubernetes writes a new directory and renames a symlink to it over the old one."""
    def mount(folder, version, **tenants):
        data = folder / "mounted" / f"..{version}"
        data.mkdir(parents=True)
        write_policy(data / "policy.yaml", gate.tenants(**tenants))
        (data.parent / "..next").symlink_to(data.name)
        os.rename(data.parent / "..next", data.parent / "..data")
        link = data.parent / "policy.yaml"
        if not link.is_symlink():
            link.symlink_to("..data/policy.yaml")

    gate = Gate(harbour, policy=["mounted/*.yaml"])
    mount(gate.folder, "v1")
    with gate, gate.stream("moved") as moved, gate.stream("kept") as kept:
        mount(gate.folder, "v2", moved="us")
        closed = moved.wait_for("stdout", lambda event: event.get("event") == "closed")
        expect_equal(closed["code"], POLICY_CHANGED, "the close code")
        gate.goes_on(kept)


def renewed_key(harbour):
    """The secret's file is the same, so only the signal tells before the watch does; both may."""
    with Gate(harbour, key="not-the-providers-key-at-all") as gate:
        with gate.client("kept") as client:
            told = client.wait_for("stdout", lambda event: event.get("event") == "closed")
            expect_equal(told["code"], 4502, "the close code")
        gate.key_file.write_text(harbour.standin.key("eu"))
        os.kill(gate.relay.pid, signal.SIGHUP)
        gate.relay.wait_for("stderr", lambda line: line.get("event") == "reloaded")
        with gate.stream("kept"):
            pass


def restarted(harbour):
    with Gate(harbour, mints=True) as gate:
        used, unused = gate.mint(), gate.mint()
        with gate.stream_with(used):
            pass
        gate.restart()
        for token in (used, unused):
            with gate.client_with(token) as client:
                refused = client.wait_for("stdout", lambda event: event.get("event") == "refused")
                expect("older than this relay's memory" in refused["body"], f"the refusal: {refused}")
        with gate.stream_with(gate.mint()):
            pass


class Gate:
    """A relay of its own between a story and the harbour's stand-in, with two tenants in `eu`: `moved` and `kept`."""

    def __init__(self, harbour, key=None, policy=None, mints=False):
        self.harbour = harbour
        self.before = len(harbour.standin.ledger())
        self.keys = {name: client_key() for name in ("moved", "kept")}
        self._cleanup = contextlib.ExitStack()
        self.folder = pathlib.Path(self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="tidegate-live-")))
        self.policy = self.folder / "policy.yaml"
        self.key_file = secret_file(self.folder, "key-eu", key or harbour.standin.key("eu"))
        self._files = {"policy": policy} if policy else {}
        self._tokens = {}
        if mints:
            file = secret_file(self.folder, "signing", os.urandom(32).hex())
            self._tokens = {"tokens": {"signing_keys": [{"file": str(file)}]}}

    def __enter__(self):
        self._start()
        return self

    def _start(self):
        standin = self.harbour.standin
        keys = {"eu": self.key_file, "us": secret_file(self.folder, "key-us", standin.key("us"))}
        self.relay, self.port = start_relay(
            self.harbour.binaries, self.folder, standin.certificate,
            zones={name: zone(f"wss://{standin.host(name)}/v3/ws", file, standin.authority)
                   for name, file in keys.items()},
            tenants={} if self._files else self.tenants(), **self._files, **self._tokens)
        self._cleanup.enter_context(self.relay)

    def __exit__(self, *_):
        self._cleanup.close()

    def restart(self):
        expect_equal(self.relay.stop(), 0, "the exit status")
        self._start()

    def tenants(self, **residencies):
        return {name: tenant(residencies.get(name, "eu"), key) for name, key in self.keys.items()}

    def write(self, **residencies):
        write_policy(self.policy, self.tenants(**residencies))

    def mint(self):
        """A token of `kept`."""
        answer = subprocess.check_output(
            ["curl", "--silent", "--cacert", self.harbour.standin.authority, "--header", f"Authorization: {self.keys['kept']}",
             f"https://localhost:{self.port}/v3/token?expires_in_seconds=60"], timeout=10)
        return json.loads(answer)["token"]

    def client_with(self, token):
        return self.harbour.start("ws", f"localhost:{self.port}", None, query=f"token={token}&sample_rate=16000")

    def client(self, name):
        return self.harbour.start("websocket-client", f"localhost:{self.port}", self.keys[name])

    def stream(self, name):
        """A client that sends audio at its own pace, once its session has begun."""
        return begun(self.client(name))

    def stream_with(self, token):
        return begun(self.client_with(token))

    def goes_on(self, client):
        """Waits for a message that comes after now."""
        seen = len(client.events())
        client.wait_for("stdout", lambda _: len(client.events()) > seen)
        expect(all(event["event"] != "closed" for event in client.events()), "a session that may go on was closed")


def begun(client):
    client.wait_for("stdout", lambda event: '"Begin"' in event.get("text", ""))
    return client
