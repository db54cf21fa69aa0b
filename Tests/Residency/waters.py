"""Two network namespaces and the wires between them: the relay alone in one, everybody else in the other.

```
  this process, clients, zones                        the relay alone
  street 10.78.0.2 ─────────────────────────────────── 10.78.0.1 street     its listener
  sea    10.79.255.254 ─────────────────────────────── 10.79.0.1 sea        everything else it sends, by default
     └─ 10.77.10.1 …  us     10.77.20.1 …  eu     10.77.30.1 …  edge
```

Whatever leaves the relay's end of `sea` is the relay's own, and there is nowhere else it could send anything. Both
namespaces are nameless and go with their processes.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

SEA = "sea"
STREET_ADDRESS = "10.78.0.1"
GATEWAY = "10.79.255.254"
ZONES = {"us": 10, "eu": 20, "edge": 30}
SERVERS_PER_ZONE = 2
FIRST_PORT = 7001
CLOSED_PORT = 7000
WITHIN = "TIDEGATE_WITHIN_NAMESPACE"


def address_of(server):
    """`eu-2` is 10.77.20.2."""
    zone, _, number = server.partition("-")
    return f"10.77.{ZONES[zone]}.{number}"


def zone_of(address):
    """The zone an address belongs to; none for any other place."""
    network, _, _ = address.rpartition(".")
    return next((zone for zone, octet in ZONES.items() if network == f"10.77.{octet}"), None)


def port_of(server):
    return FIRST_PORT + int(server.partition("-")[2]) - 1


SERVERS = [f"{zone}-{number}" for zone in ZONES for number in range(1, SERVERS_PER_ZONE + 1)]


def obstacle():
    """Why packets cannot be watched here; none when they can."""
    if os.geteuid() != 0:
        return "it takes root"
    probe = "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)"
    trials = [
        ("raw packet sockets", ["unshare", "--net", sys.executable, "-c", probe]),
        ("pairs of network devices",
         ["unshare", "--net", "ip", "link", "add", "near", "type", "veth", "peer", "name", "far"]),
        ("a mount namespace", ["unshare", "--net", "--mount", "true"]),
    ]
    for thing, command in trials:
        try:
            if subprocess.run(command, capture_output=True).returncode != 0:
                return f"{thing} are not to be had"
        except FileNotFoundError as missing:
            return f"there is no {missing.filename}"
    return None


def enter():
    """Starts this program again in a namespace of its own, unless that has been done."""
    if WITHIN not in os.environ:
        os.environ[WITHIN] = "yes"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])


class Waters:
    """The zones' side, for as long as this process lives, and the relay's, made anew by `renew`."""

    def __init__(self, nameserver=None, ipv6=False):
        self._nameserver = nameserver
        self._ipv6 = ipv6
        self._black_holes = set()
        self._holder = None
        self._place = 0
        ip("link", "set", "lo", "up")
        for server in SERVERS:
            self.add_address(address_of(server))
        self.renew()

    def renew(self):
        """A place for a relay in which nothing is left of an earlier one, not even what its kernel would send again.

        It has another address each time, so that what a zone still says to an earlier one gets no answer either.
        """
        self.close()
        self._place += 1
        # Holds the namespaces for as long as this process holds its standard input.
        self._holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", "echo ready; cat"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._holder.stdout.readline()
        self._connect(SEA, f"{GATEWAY}/16", f"10.79.{self._place // 250}.{self._place % 250 + 1}/16")
        self._connect("street", "10.78.0.2/24", f"{STREET_ADDRESS}/24")
        self._in_relay("ip", "link", "set", "lo", "up")
        self._in_relay("ip", "route", "add", "default", "via", GATEWAY)
        if self._ipv6:
            self._use_ipv6()
        if self._nameserver:
            self._name_server(self._nameserver)

    @property
    def relays_place(self):
        """A command that runs another one where the relay is."""
        process = f"/proc/{self._holder.pid}/ns"
        return ["nsenter", f"--net={process}/net", f"--mount={process}/mnt"]

    def add_address(self, address):
        ip("address", "add", f"{address}/32", "dev", "lo")

    def black_hole(self, address):
        """Swallows what comes for an address: no answer, not even a refusal."""
        if address in self._black_holes:
            return
        self._black_holes.add(address)
        ip("route", "delete", "local", address, "table", "local")
        ip("route", "add", "blackhole", address, "table", "local")

    def reopen(self, address):
        if address in self._black_holes:
            self._black_holes.remove(address)
            ip("route", "delete", "blackhole", address, "table", "local")
            ip("route", "add", "local", address, "dev", "lo", "table", "local")

    def close(self):
        if not self._holder:
            return
        for device in (SEA, "street"):
            ip("link", "delete", device)
        self._holder.stdin.close()
        self._holder.wait()
        self._holder.stdout.close()

    def _connect(self, name, here, there):
        ip("link", "add", name, "type", "veth", "peer", "name", name, "netns", str(self._holder.pid))
        ip("address", "add", here, "dev", name)
        self._in_relay("ip", "address", "add", there, "dev", name)
        for run in (ip, lambda *arguments: self._in_relay("ip", *arguments)):
            # No neighbour discovery of IPv6: what is on the wire is the relay's.
            run("link", "set", name, "addrgenmode", "none")
            run("link", "set", name, "up")

    def _use_ipv6(self):
        """Gives the relay an IPv6 address and a way out over `sea`, where nothing of IPv6 answers."""
        gateway = "2a00:77::2"
        self._in_relay("ip", "address", "add", "2a00:77::1/64", "dev", SEA, "nodad")
        # With a neighbour that is known there is nothing to discover: a SYN goes out at once.
        self._in_relay("ip", "neighbour", "add", gateway, "lladdr", device_address(SEA), "dev", SEA)
        self._in_relay("ip", "route", "add", "default", "via", gateway, "dev", SEA)

    def _name_server(self, address):
        """Puts a resolv.conf of its own in the relay's mount namespace."""
        with tempfile.NamedTemporaryFile("w", suffix="-resolv.conf") as file:
            file.write(f"nameserver {address}\noptions timeout:1 attempts:1\n")
            file.flush()
            os.chmod(file.name, 0o644)
            self._in_relay("mount", "--bind", file.name, str(pathlib.Path("/etc/resolv.conf").resolve()))

    def _in_relay(self, *command):
        run(*self.relays_place, *command)


def ip(*arguments):
    return run("ip", *arguments)


def device_address(device):
    return json.loads(ip("-json", "link", "show", device))[0]["address"]


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout
