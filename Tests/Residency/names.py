"""Names that lead elsewhere and certificates that prove nothing, against the running program: `names.py BINARIES`.

The eu zone has a name, `eu.stt.test`, and one address. A name server says what each case wants, and the zone's server
shows the certificate the case wants. Each case says which addresses may see a packet and what the relay's log must call
the failure; nobody but the right server ever gets a byte of the request.
"""

import argparse
import collections
import dataclasses
import pathlib
import shutil
import signal
import sys
import tempfile
import time

from authority import Authority, pin, self_signed
from callers import connect, is_heard, send_request, trust_in
from harbour import KEY, StandIn, client_key, secret_file, start_relay, tenant
from impostor import Impostor
from nameserver import NXDOMAIN, PORT as DNS_PORT, SERVFAIL, NameServer, Reply
from sniffer import Sniffer
from waters import SEA, STREET_ADDRESS, Waters, enter, obstacle

NAME = "eu.stt.test"
ELSEWHERE = "us.stt.test"
# Public as far as the relay can tell. They are nowhere but in these namespaces, which lead nowhere.
EU, US = "11.77.20.1", "11.77.10.1"
EU_V6 = "2a00:77:20::1"
NETWORK = "11.77.20.0/24"
SERVER_PORT = 7001
NAME_SERVER = "10.77.0.53"
# The kernel's own business with its neighbours.
MULTICAST = "ff02::"
ICMP = "protocol 1"
# `Resolver.maxAddresses`.
MOST_ADDRESSES = 16
# Of what follows a ClientHello without a request: the client's Finished, and TLS's own farewell.
HANDSHAKE_BYTES = 160
CONNECT_SECONDS = 2
# What was looked up successfully is believed for ten seconds.
FRESHNESS_SECONDS = 10.5


@dataclasses.dataclass
class Case:
    name: str
    replies: list
    """What the name server says, visit by visit; the last one stands. None is silence."""
    kind: str = ""
    """The log's word for what became of the dial; none when the last visit is to be heard."""
    reason: str = ""
    touches: frozenset = frozenset()
    """Addresses that may see a packet, beside the name server's."""
    verify: dict = dataclasses.field(default_factory=dict)
    shows: str = "right"
    """The certificate of the name's server; nothing is no TLS."""


def replies(*addresses, **more):
    return [Reply(addresses, **more)]


RIGHT = replies(EU)
HERE = frozenset({EU})
ONLY_EU = {"networks": [NETWORK]}
MANY = tuple(f"11.78.{number // 250}.{number % 250 + 1}" for number in range(1000))

NAMES = [
    Case("the right address", RIGHT, touches=HERE),
    Case("the right address, TTL 0, from a listed network", replies(EU, ttl=0), touches=HERE, verify=ONLY_EU),
    Case("another zone's address", replies(US), "not-verified", "certificate-wrong-name", frozenset({US})),
    Case("another zone's address, with networks", replies(US), "address-forbidden", "address-unlisted", verify=ONLY_EU),
    Case("another zone's address and the right one, with networks", replies(US, EU), touches=HERE, verify=ONLY_EU),
    Case("a private address", replies("10.77.20.1"), "address-forbidden", "address-private"),
    Case("a private address and the right one", replies("10.77.20.1", EU), touches=HERE),
    Case("carrier-grade NAT", replies("100.64.0.1"), "address-forbidden", "address-private"),
    Case("loopback", replies("127.0.0.1"), "address-forbidden", "address-loopback"),
    Case("a link-local address", replies("169.254.1.1"), "address-forbidden", "address-link-local"),
    Case("the metadata service", replies("169.254.169.254"), "address-forbidden", "address-link-local"),
    Case("the unspecified address", replies("0.0.0.0"), "address-forbidden", "address-unusable"),
    Case("a group address", replies("224.0.0.1"), "address-forbidden", "address-unusable"),
    Case("the right address, then a private one", [Reply((EU,)), Reply(("10.77.20.1",))], "address-forbidden",
         "address-private", HERE),
    Case("the right address, then another zone's", [Reply((EU,)), Reply((US,))], "address-forbidden",
         "address-unlisted", HERE, verify=ONLY_EU),
    Case("a thousand addresses that do not answer", replies(*MANY), "too-late", touches=frozenset(MANY)),
    Case("a thousand addresses, with networks", replies(*MANY), "address-forbidden", "address-unlisted", verify=ONLY_EU),
    Case("SERVFAIL", [Reply(code=SERVFAIL)], "resolve-failed"),
    Case("NXDOMAIN", [Reply(code=NXDOMAIN)], "resolve-failed"),
    Case("an empty answer", [Reply()], "resolve-failed"),
    Case("an alias of itself", [Reply(alias=NAME)], "resolve-failed"),
    Case("a name server that says nothing", [None], "resolve-failed"),
    Case("an AAAA that leads into nothing", replies(EU_V6, EU), touches=HERE | {EU_V6}),
]

CERTIFICATES = [
    Case("an expired certificate", RIGHT, "not-verified", "certificate-expired", HERE, shows="expired"),
    Case("one that is not valid yet", RIGHT, "not-verified", "certificate-not-yet-valid", HERE, shows="early"),
    Case("one for another zone's name", RIGHT, "not-verified", "certificate-wrong-name", HERE, shows="wrong"),
    Case("one for the address alone", RIGHT, "not-verified", "certificate-wrong-name", HERE, shows="address"),
    Case("a self-signed one", RIGHT, "not-verified", "certificate-unknown-authority", HERE, shows="self-signed"),
    Case("another authority's", RIGHT, "not-verified", "certificate-unknown-authority", HERE, shows="foreign"),
    Case("a pinned one", RIGHT, touches=HERE, verify={"spki_sha256": ["right"]}),
    Case("one that is not pinned", RIGHT, "not-verified", "pin-mismatch", HERE, verify={"spki_sha256": ["expired"]}),
    Case("no TLS at all", RIGHT, "not-verified", "tls-failed", HERE, shows=""),
]


def main(options):
    if reason := obstacle():
        print(f"skipped: packets cannot be watched here, because {reason}")
        return 0
    enter()
    with tempfile.TemporaryDirectory(prefix="tidegate-names-") as folder:
        cases = Cases(options.binaries.resolve(), pathlib.Path(folder))
        failed = sum(not cases.passes(case) for case in NAMES + CERTIFICATES if options.only in case.name)
    print("all as they should be" if not failed else f"{failed} failed")
    return 1 if failed else 0


class Cases:
    def __init__(self, binaries, folder):
        self.binaries = binaries
        self.folder = folder
        self.key = client_key()
        self.key_file = secret_file(folder, "key", KEY)
        self.waters = Waters(nameserver=NAME_SERVER, ipv6=True)
        for address in (EU, US, NAME_SERVER):
            self.waters.add_address(address)
        self._say = [Reply()]
        self.name_server = NameServer(NAME_SERVER, lambda name: self._say[0])
        self.authority = Authority(folder / "authority")
        self._issue()

    def _issue(self):
        issue = self.authority.issue
        issue(self.folder / "right", [NAME])
        issue(self.folder / "expired", [NAME], begins_in=-9, ends_in=-1)
        issue(self.folder / "early", [NAME], begins_in=1, ends_in=9)
        issue(self.folder / "wrong", [ELSEWHERE])
        issue(self.folder / "address", [EU])
        self_signed(self.folder / "self-signed", [NAME])
        Authority(self.folder / "foreign-authority").issue(self.folder / "foreign", [NAME])
        issue(self.folder / "relay", ["localhost"])

    def _serve_as_provider(self):
        """What the name should lead to."""
        certificates = self.folder / "shown"
        if not certificates.exists():
            certificates.mkdir()
            shutil.copy(self.authority.certificate, certificates / "ca.crt")
            for role, name in [("zones", "right"), ("relay", "relay")]:
                for ending in ("crt", "key"):
                    shutil.copy(self.folder / f"{name}.{ending}", certificates / f"{role}.{ending}")
        return StandIn(self.binaries, "--zones", "eu", "--port-base", str(SERVER_PORT), f"--address=eu={EU}",
                       f"--key=eu={KEY}", "--certs", str(certificates)).program

    def _impostor(self, address, certificate):
        return Impostor((address, SERVER_PORT), certificate and self.folder / certificate)

    def passes(self, case):
        started = time.monotonic()
        right = self._serve_as_provider() if case.shows == "right" else self._impostor(EU, case.shows)
        # Where the name leads when it should not: another zone's server, as good as the right one.
        self.waters.renew()
        with right, self._impostor(US, "wrong") as other, Sniffer(SEA) as sniffer:
            faults = self._play(case, sniffer)
        faults += [f"{server.heard} bytes of the request reached an impostor"
                   for server in (right, other) if isinstance(server, Impostor) and server.heard]
        print(f"{'FAILED' if faults else 'passed'}  {case.name}: {case.reason or case.kind or 'heard'} "
              f"({time.monotonic() - started:.1f} s)", flush=True)
        for fault in faults:
            print(f"        {fault}", flush=True)
        return not faults

    def _play(self, case, sniffer):
        relay, port = self._start_relay(case.verify)
        with relay:
            heard = []
            for number, reply in enumerate(case.replies):
                if number:
                    time.sleep(FRESHNESS_SECONDS)
                self._say[0] = reply
                heard.append(self._visit(port))
            status = relay.stop()
        failures = [line for line in relay.json("stderr") if line.get("event") == "dial-failed"]
        packets, lost = sniffer.take()
        return [
            *self._outcome(case, heard, failures), *wire(case, packets), *(["packets were lost"] if lost else []),
            *([f"the relay ended with {status}"] if status else [])]

    def _visit(self, port):
        trust = trust_in(self.authority.certificate)
        with connect((STREET_ADDRESS, port), trust) as secure:
            send_request(secure, self.key)
            return "heard" if is_heard(secure) else "refused"

    def _start_relay(self, verify):
        certificate = self.folder / "relay.crt", self.folder / "relay.key"
        verify = {"ca": str(self.authority.certificate), **verify}
        if pins := verify.get("spki_sha256"):
            verify["spki_sha256"] = [pin(self.folder / name) for name in pins]
        zone = {"endpoints": [f"wss://{NAME}:{SERVER_PORT}/v3/ws"], "key": {"file": str(self.key_file)},
                "verify": verify, "connect_timeout": f"{CONNECT_SECONDS}s"}
        listener = {"address": f"{STREET_ADDRESS}:0",
                    "tls": {"certificates": [{"chain": str(certificate[0]), "key": str(certificate[1])}]}}
        return start_relay(
            self.binaries, self.folder, certificate, {"eu": zone}, {"acme": tenant("eu", self.key)},
            under=self.waters.relays_place, listeners=[listener],
            timeouts={"handshake": "2s", "terminate": "1s", "drain": "1s"})

    @staticmethod
    def _outcome(case, heard, failures):
        wanted = ["heard"] * (len(case.replies) - 1) + ["refused" if case.kind else "heard"]
        if heard != wanted:
            yield f"the client was {heard}, not {wanted}; {failures}"
        if case.kind and not any(
                line["kind"] == case.kind and line.get("reason", "") == case.reason for line in failures):
            yield f"the log does not say {case.kind} {case.reason}: {failures}"


def wire(case, packets):
    """What the wire has that it should not."""
    after_hello = collections.Counter()
    said_hello = set()
    addresses = set()
    for packet in packets:
        address, port = packet.destination
        if is_about_names(packet) or address.startswith(MULTICAST):
            continue
        if packet.protocol != "tcp" or address not in case.touches:
            yield f"a packet ({packet.protocol}) to {address}:{port}"
        addresses.add(address)
        if packet.payload and packet.connection in said_hello:
            after_hello[packet.connection] += packet.payload
        elif packet.payload:
            said_hello.add(packet.connection)
    if len(addresses) > MOST_ADDRESSES:
        yield f"{len(addresses)} addresses were tried"
    for (_, (address, _)), count in after_hello.items():
        if count > HANDSHAKE_BYTES and (case.kind and len(case.replies) == 1 or address != EU):
            yield f"{count} bytes to {address} behind the ClientHello: more than a handshake is"


def is_about_names(packet):
    """Questions, and the kernel's word that nobody waits for an answer any more."""
    address, port = packet.destination
    return address == NAME_SERVER and (port == DNS_PORT or packet.protocol == ICMP)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("binaries", type=pathlib.Path, help="the folder of the built programs")
    parser.add_argument("--only", default="", help="a part of the names of the cases to play")
    return parser.parse_args()


if __name__ == "__main__":
    # So that an interrupted run takes its programs with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main(arguments()))
