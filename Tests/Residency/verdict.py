"""The rule, judged from packets alone.

A connection may be opened only toward a zone that some visit under way admits: its tenant's residency, narrowed by the
zone it asks for. Every other packet must belong to a connection so opened, and once no visit admits the zone any more
nothing but a farewell may follow. What a kernel sends again, because nobody acknowledged it, was judged when it was sent
first.
"""

import collections
import dataclasses

# What the relay needs to see that a client has left, or that policy has changed.
NOTICE_SECONDS = 1.0
# `Terminate`, a Close and TLS's own farewell, with their records; less than one message of audio.
FAREWELL_BYTES = 1024


@dataclasses.dataclass(frozen=True)
class Admission:
    """From one moment to another somebody's audio may enter these zones."""

    began: float
    ended: float
    zones: frozenset

    def covers(self, time, zone):
        return zone in self.zones and self.began <= time <= self.ended + NOTICE_SECONDS


class Stream:
    """How far one connection's bytes have been sent."""

    def __init__(self, opening):
        self._end = (opening.sequence + 1) % 2**32

    def count_new(self, packet):
        """How many of the packet's bytes are sent for the first time."""
        ahead = (packet.sequence + packet.payload - self._end + 2**31) % 2**32 - 2**31
        if ahead <= 0:
            return 0
        self._end = (self._end + ahead) % 2**32
        return min(ahead, packet.payload)


def judge(packets, admissions, zone_of):
    """Connections by zone, and a sentence for each violation."""
    opened = {}
    streams = {}
    late = collections.Counter()
    connections = collections.Counter()
    violations = []
    for packet in packets:
        place = "%s:%s" % packet.destination
        zone = zone_of(packet.destination[0])
        if packet.protocol != "tcp" or zone is None:
            violations.append(f"{packet.protocol} to {place}, which is no zone's")
        elif packet.opens:
            if packet.connection not in opened:
                connections[zone] += 1
            opened[packet.connection] = zone
            streams[packet.connection] = Stream(packet)
            if not any(admission.covers(packet.time, zone) for admission in admissions):
                violations.append(f"a connection to {zone} at {place}, which nobody under way admits")
        elif packet.connection not in opened:
            violations.append(f"a packet to {zone} at {place} on a connection that was not seen to open")
        elif new := streams[packet.connection].count_new(packet):
            if not any(admission.covers(packet.time, zone) for admission in admissions):
                late[packet.connection] += new
    for (_, destination), count in late.items():
        if count > FAREWELL_BYTES:
            violations.append(f"{count} bytes to {'%s:%s' % destination} when nobody admitted its zone any more")
    return connections, violations
