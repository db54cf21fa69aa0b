"""Stand-in zones at their addresses, and a relay in front of them for each scene."""

import json
import pathlib
import signal
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Clients"))

from relay import client_key, secret_file, start_relay, tenant  # noqa: E402
from standin import StandIn  # noqa: E402

from scenes import Manner, fault_of  # noqa: E402
from waters import (  # noqa: E402
    CLOSED_PORT, FIRST_PORT, SERVERS, STREET_ADDRESS, ZONES, address_of, port_of)

KEY = "the-provider-key"


class Harbour:
    def __init__(self, binaries, folder, waters):
        self.binaries = binaries
        self.folder = folder
        self.waters = waters
        self.zones = {}
        for zone in ZONES:
            self.restart(zone)
        self.key_file = secret_file(folder, "key", KEY)

    # MARK: Zones

    def restart(self, zone):
        """Starts a zone's servers, unless they run, and opens the way to them."""
        servers = [server for server in SERVERS if server.startswith(f"{zone}-")]
        for server in servers:
            self.waters.reopen(address_of(server))
        if zone in self.zones:
            return
        pairs = [f"{option}={server}={value}" for server in servers
                 for option, value in [("--address", address_of(server)), ("--key", KEY)]]
        self.zones[zone] = StandIn(
            self.binaries, "--zones", ",".join(servers), "--port-base", str(FIRST_PORT),
            "--certs", str(self.folder / "certificates"), *pairs)

    def kill(self, zone):
        """Ends a zone's servers as a power cut would."""
        if zone in self.zones:
            self.zones.pop(zone).program.kill()

    def set_manners(self, manners):
        """Makes the servers behave so, as far as they run."""
        for server, manner in manners.items():
            if manner is Manner.BLACK_HOLE:
                self.waters.black_hole(address_of(server))
        for zone, standin in self.zones.items():
            control = f"{standin.facts['control']}/fault"
            request(control, "DELETE")
            for server in (name for name in manners if name.startswith(f"{zone}-") and manners[name].is_fault):
                request(control, "POST", {"zone": server, "faults": [fault_of(server, manners[server])]})

    def forget(self):
        """Opens every black hole, revives every zone, and forgets what it heard."""
        for zone in ZONES:
            self.restart(zone)
        for standin in self.zones.values():
            request(f"{standin.facts['control']}/ledger", "DELETE")

    # MARK: The relay

    @property
    def authority(self):
        return self.zones["eu"].authority

    def start_relay(self, scene):
        for one in scene.tenants:
            one.key = client_key()
        certificate, key = self.zones["eu"].certificate
        site = {"name": "scene", **({"zone": scene.site} if scene.site else {})}
        listener = {
            "address": f"{STREET_ADDRESS}:0",
            "tls": {"certificates": [{"chain": str(certificate), "key": str(key)}]}}
        return Relay(*start_relay(
            self.binaries, self.folder, (certificate, key),
            {zone: self._zone(zone, scene) for zone in ZONES}, policy(scene), under=self.waters.relays_place,
            site=site, listeners=[listener], hosts={f"{zone}.localhost": zone for zone in ZONES},
            timeouts={"handshake": "1s", "terminate": "1s", "drain": "1s"}), self.folder)

    def _zone(self, zone, scene):
        endpoints = [self._endpoint(server, scene.manners[server])
                     for server in SERVERS if server.startswith(f"{zone}-")]
        return {"endpoints": endpoints, "key": {"file": str(self.key_file)},
                "verify": {"ca": str(self.authority)}, "connect_timeout": "1s"}

    @staticmethod
    def _endpoint(server, manner):
        host = "elsewhere.test" if manner is Manner.WRONG_NAME else "localhost"
        port = CLOSED_PORT if manner is Manner.REFUSES else port_of(server)
        return {"url": f"wss://{host}:{port}/v3/ws", "address": f"{address_of(server)}:{port}"}

    def close(self):
        for zone in list(self.zones):
            self.kill(zone)


class Relay:
    def __init__(self, program, port, folder):
        self.program = program
        self.place = (STREET_ADDRESS, port)
        self._folder = folder

    def change_policy(self, scene):
        """Puts the tenants' residency as it is now in force in the running relay; when that began, and was done."""
        began = time.time()
        write_policy(self._folder, scene)
        self.program.signal(signal.SIGHUP)
        self.program.wait_for("stderr", lambda line: line.get("event") == "reloaded")
        return began, time.time()

    def stop(self):
        status = self.program.stop()
        if status != 0:
            raise AssertionError(f"the relay ended with {status}:\n{self.program.printed()}")


def policy(scene):
    return {one.name: tenant(one.residency, one.key) for one in scene.tenants}


def write_policy(folder, scene):
    text = json.dumps({"version": 1, "tenants": policy(scene)}, indent=2)
    (folder / "policy.yaml.new").write_text(text)
    (folder / "policy.yaml.new").rename(folder / "policy.yaml")


def request(url, method, body=None):
    data = json.dumps(body).encode() if body is not None else None
    urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=10).close()
