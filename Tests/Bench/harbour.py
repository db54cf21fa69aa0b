"""A relay before the stand-in's echo, as the benches want it."""

from relay import client_key, secret_file, start_relay, tenant, zone
from standin import StandIn

# Whose the records of TLS are, of what a machine without more can do.
RECORDS = ["openssl", "direct"]


class Harbour:
    def __init__(self, binaries, folder):
        self.binaries = binaries
        self.folder = folder
        self.standin = StandIn(binaries, "--echo")
        self.key = client_key()

    def relay(self, records, binaries=None, **more):
        """Starts a relay with one loop; returns the program and its port."""
        # The key is looked for in what comes back, by its first byte: one that the echo's mask is made of would be found
        # in every fourth place.
        echo = zone(
            f"wss://localhost:{self.standin.facts['port']}/", secret_file(self.folder, "key", "no-key-that-an-echo-needs"),
            self.standin.authority, provider="generic")
        return start_relay(
            binaries or self.binaries, self.folder, self.standin.certificate, zones={"echo": echo},
            tenants={"bench": tenant("echo", self.key)}, log={"level": "info"}, threads=1, tls={"records": records},
            **more)
