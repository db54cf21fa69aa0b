"""Scenes: servers that work and servers that fail in every way, tenants, visits, and what happens in the middle."""

import dataclasses
import enum
import random

from waters import SERVERS, ZONES, address_of, port_of


class Manner(enum.Enum):
    """How a server treats those who connect. The value is a fault of the stand-in's, where it is one."""

    WORKS = None
    # Not even a connection.
    REFUSES = "refuses"
    BLACK_HOLE = "black hole"
    # TLS fails.
    RESETS = "rst@accept"
    ENDS = "eof@accept"
    NOISE = "raw:485454502f312e31203130310d0a0d0a@accept"
    WRONG_NAME = "wrong name"
    # An answer that opens nothing.
    SILENT = "no-answer"
    UNAVAILABLE = "http:503"
    OVERLOADED = "http:429"
    REDIRECTS = "redirect"
    KEY_REFUSED = "http:401"
    WRONG_ACCEPT = "wrong-accept"
    CUT = "rst@request"
    # It opens, and ends.
    ENDS_OPEN = "eof@open"
    GOES_AWAY = "close:1011@open"
    LOSES = "rst@audio:3"

    @property
    def is_fault(self):
        """Whether it can be changed on a server that runs."""
        return self not in (Manner.WORKS, Manner.REFUSES, Manner.BLACK_HOLE, Manner.WRONG_NAME)


CHANGEABLE = [manner for manner in Manner if manner is Manner.WORKS or manner.is_fault]
BROKEN = [manner for manner in Manner if manner not in (Manner.WORKS, Manner.LOSES)]


@dataclasses.dataclass
class Tenant:
    name: str
    residency: object
    key: str = ""


def eu():
    return Tenant("eu-only", "eu")


def us():
    return Tenant("us-only", "us")


def both():
    return Tenant("us-then-eu", ["us", "eu"])


def any_zone():
    return Tenant("anywhere", "any")


# What a scene is about: its tenants, the zones that are dead in it, and where data may go from its middle on.
KINDS = [
    ("eu alone", [eu], (), None),
    ("eu alone, its zone dead", [eu], ("eu",), None),
    ("us alone", [us], (), None),
    ("[us, eu] alone", [both], (), None),
    ("[us, eu] alone, us dead", [both], ("us",), None),
    ("any alone", [any_zone], (), None),
    ("eu beside us", [eu, us], (), None),
    ("eu beside [us, eu]", [eu, both], (), None),
    ("eu becomes us", [eu], (), "us"),
    ("[us, eu] becomes eu", [both], (), "eu"),
    ("all of them", [eu, us, both, any_zone], (), None),
]


class Scene:
    """All that is drawn beforehand: the same seed and number give the same scene."""

    VISITS = 8

    def __init__(self, seed, number):
        self.number = number
        source = random.Random(f"{seed}/{number}")
        self.name, makers, dead, self.becomes = KINDS[number % len(KINDS)]
        self.tenants = [make() for make in makers]
        self.site = source.choice([None] * 10 + ["us", "eu"])
        self.manners = {server: draw(source, server.partition("-")[0] in dead) for server in SERVERS}
        self.visits = [(source.choice(self.tenants), source.random()) for _ in range(self.VISITS)]
        self.incidents = sorted(
            (source.uniform(0.2, 1.4), *source.choice(self._possible_incidents(source)))
            for _ in range(source.randint(0, 3)))
        self.change_at = source.uniform(0.4, 1.0)

    def _possible_incidents(self, source):
        zone, server = source.choice(sorted(ZONES)), source.choice(SERVERS)
        return [
            ("kill", zone), ("restart", zone), ("black-hole", server),
            ("turn", f"{server}={source.choice(CHANGEABLE).name}"),
        ]

    def zones(self, residency, ask):
        """Where a visit may be heard: nowhere at a site whose zone the residency does not admit."""
        listed = {residency} if isinstance(residency, str) else set(residency)
        serves = self.site is None or residency == "any" or listed & {self.site, "edge"}
        return ask.zones(residency) if serves else frozenset()


def fault_of(server, manner):
    """The stand-in's fault that makes a server behave so."""
    if manner is not Manner.REDIRECTS:
        return manner.value
    # By an address, so that nothing has to be looked up to follow it.
    elsewhere = next(other for other in SERVERS if other.partition("-")[0] != server.partition("-")[0])
    return f"redirect:wss://{address_of(elsewhere)}:{port_of(elsewhere)}/v3/ws"


def draw(source, is_dead):
    # Most of them work, or hardly any visit would be heard.
    if not is_dead and source.random() < 0.6:
        return Manner.WORKS
    return source.choice(BROKEN if is_dead else list(Manner))
