"""Proves from packets on the wire that audio stays where policy lets it go: `run.py BINARIES [--scenes N] [--seed S]`.

A relay runs alone in a network namespace, zones at addresses of their own in another. While a scene plays, all that
leaves the relay is captured; then `verdict` judges it. Takes root; where packets cannot be watched it says so and does
nothing.
"""

import argparse
import collections
import pathlib
import random
import signal
import sys
import tempfile
import time

from callers import Visit, trust_in
from harbour import Harbour
from scenes import KINDS, Manner, Scene
from sniffer import Sniffer
from verdict import Admission, judge
from waters import SEA, ZONES, Waters, address_of, enter, obstacle, zone_of

JOIN_SECONDS = 90


def main(options):
    if reason := obstacle():
        print(f"skipped: packets cannot be watched here, because {reason}")
        return 0
    enter()
    print(f"seed {options.seed}", flush=True)
    waters = Waters()
    with tempfile.TemporaryDirectory(prefix="tidegate-residency-") as folder:
        harbour = Harbour(options.binaries.resolve(), pathlib.Path(folder), waters)
        try:
            print(Report.HEAD, flush=True)
            reports = []
            for number in [options.only] if options.only is not None else range(options.scenes):
                reports.append(Play(Scene(options.seed, number), harbour, waters).run())
                print(reports[-1], flush=True)
        finally:
            harbour.close()
            waters.close()
    return conclude(reports, options.seed)


def conclude(reports, seed):
    connections = sum((report.connections for report in reports), collections.Counter())
    violations = sum(len(report.violations) for report in reports)
    lost = sum(report.lost for report in reports)
    by_zone = ", ".join(f"{connections[zone]} to {zone}" for zone in ZONES)
    print(f"{len(reports)} scenes, {sum(report.visits for report in reports)} visits, "
          f"{sum(report.heard for report in reports)} sessions heard, "
          f"{sum(connections.values())} connections ({by_zone}), "
          f"{sum(report.packets for report in reports)} packets, {lost} of them not seen, "
          f"{violations} violations, seed {seed}")
    return 1 if violations or lost else 0


class Play:
    """One scene under way."""

    def __init__(self, scene, harbour, waters):
        self.scene = scene
        self.harbour = harbour
        self.waters = waters
        self.manners = dict(scene.manners)
        self.change = None

    def run(self):
        self.harbour.forget()
        self.waters.renew()
        with Sniffer(SEA) as sniffer:
            return self._play(sniffer)

    def _play(self, sniffer):
        scene = self.scene
        self.harbour.set_manners(self.manners)
        relay = self.harbour.start_relay(scene)
        residencies = {tenant.name: tenant.residency for tenant in scene.tenants}
        with relay.program:
            trust = trust_in(self.harbour.authority)
            visits = [Visit(tenant, seed, relay.place, trust) for tenant, seed in scene.visits]
            for visit in visits:
                visit.start()
            self._happen(relay)
            for visit in visits:
                visit.join(JOIN_SECONDS)
                if visit.ended is None:
                    raise AssertionError(f"a visit does not end: {visit.ask}\n{relay.program.printed()}")
            relay.stop()
        packets, lost = sniffer.take()
        admissions = [admission for visit in visits for admission in self._admissions(visit, residencies)]
        return Report(scene, visits, packets, lost, *judge(packets, admissions, zone_of))

    def _happen(self, relay):
        """What is drawn for the middle of the scene, each thing in its time."""
        started = time.monotonic()
        events = [(at, getattr(self, kind.replace("-", "_")), argument) for at, kind, argument in self.scene.incidents]
        if self.scene.becomes:
            events.append((self.scene.change_at, lambda _: self.become(relay), None))
        for at, act, argument in sorted(events, key=lambda event: event[0]):
            time.sleep(max(0, started + at - time.monotonic()))
            act(argument)

    def kill(self, zone):
        self.harbour.kill(zone)

    def restart(self, zone):
        self.harbour.kill(zone)
        self.harbour.restart(zone)
        self.harbour.set_manners(self._without_black_holes())

    def black_hole(self, server):
        self.waters.black_hole(address_of(server))

    def turn(self, order):
        server, _, name = order.partition("=")
        self.manners[server] = Manner[name]
        self.harbour.set_manners(self._without_black_holes())

    def become(self, relay):
        for tenant in self.scene.tenants:
            tenant.residency = self.scene.becomes
        self.change = relay.change_policy(self.scene)

    def _without_black_holes(self):
        return {server: manner for server, manner in self.manners.items() if manner is not Manner.BLACK_HOLE}

    def _admissions(self, visit, residencies):
        before = self.scene.zones(residencies[visit.tenant.name], visit.ask)
        if not self.change:
            return [Admission(visit.began, visit.ended, before)]
        began, done = self.change
        after = self.scene.zones(visit.tenant.residency, visit.ask)
        return [
            Admission(visit.began, min(visit.ended, done), before),
            Admission(max(visit.began, began), visit.ended, after)]


class Report:
    """What came of a scene: a row of the table, and a line for each violation."""

    HEAD = f"{'scene':>5}  {'tenants':<26} {'site':<5} {'visits':>6} {'heard':>6}" \
        + "".join(f"{zone:>6}" for zone in ZONES) + f" {'packets':>8} {'violations':>11}"

    def __init__(self, scene, visits, packets, lost, connections, violations):
        self.scene = scene
        self.visits = len(visits)
        self.heard = sum(visit.begun for visit in visits)
        self.packets = len(packets)
        self.lost = lost
        self.connections = connections
        self.violations = violations

    def __str__(self):
        row = f"{self.scene.number:>5}  {self.scene.name:<26} {self.scene.site or '-':<5}" \
            + f" {self.visits:>6} {self.heard:>6}" \
            + "".join(f"{self.connections[zone]:>6}" for zone in ZONES) \
            + f" {self.packets:>8} {len(self.violations):>11}"
        if not self.violations:
            return row
        servers = ", ".join(f"{server} {manner.name.lower()}" for server, manner in self.scene.manners.items())
        lines = [f"{servers}; {self.scene.incidents}", *self.violations]
        return "\n".join([row, *(f"       {line}" for line in lines)])


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("binaries", type=pathlib.Path, help="the folder of the built programs")
    parser.add_argument("--scenes", type=int, default=len(KINDS), help="how many; the kinds come round in turn")
    parser.add_argument("--seed", type=int, default=None, help="what all is drawn from; a new one when left out")
    parser.add_argument("--only", type=int, help="the number of the one scene to play")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.randrange(2**32)
    return options


if __name__ == "__main__":
    # So that an interrupted run takes its programs with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main(arguments()))
