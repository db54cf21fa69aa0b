"""A relay with an admin token and session tokens, the provider's stand-in behind it, and nothing else."""

import json
import os
import urllib.request

from relay import client_key, secret_file, start_relay, tenant, zone
from standin import StandIn


class Harbour:
    """`extra` tenants beside those that stories name, all with keys of their own."""

    def __init__(self, binaries, folder, extra=0, **more):
        self.standin = StandIn(binaries)
        self.token = "operators-" + os.urandom(16).hex()
        residencies = {"acme-gmbh": "eu", "globex": "us", "initech": ["us", "eu"], "umbrella": "edge"}
        residencies |= {f"tenant-{number:03}": ["us", "eu", "edge"][number % 3] for number in range(extra)}
        self.keys = {name: client_key() for name in residencies}
        self.token_file = secret_file(folder, "admin-token", self.token)
        self.receipts = folder / "receipts.jsonl"
        self.relay, self.port = start_relay(
            binaries, folder, self.standin.certificate,
            zones={name: self._zone(folder, name) for name in self.standin.zones},
            tenants={name: tenant(residency, self.keys[name]) for name, residency in residencies.items()},
            tokens={"signing_keys": [{"file": str(secret_file(folder, "token-key", os.urandom(32).hex()))}]},
            admin={"address": "127.0.0.1:0", "token": {"file": str(self.token_file)}},
            receipts={"file": str(self.receipts)}, log={"level": "info", "format": "json"}, **more)
        line = self.relay.wait_for("stderr", lambda line: line.get("kind") == "admin")
        self.admin = f"http://{line['address']}"

    def _zone(self, folder, name):
        key_file = secret_file(folder, f"key-{name}", self.standin.key(name))
        return zone(f"wss://{self.standin.host(name)}/v3/ws", key_file, self.standin.authority)

    def ask(self, path, method="GET"):
        """An answer of the admin listener, as text."""
        request = urllib.request.Request(
            self.admin + path, method=method, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()

    def ask_json(self, path, method="GET"):
        return json.loads(self.ask(path, method))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.relay.__exit__()
        self.standin.program.__exit__()
