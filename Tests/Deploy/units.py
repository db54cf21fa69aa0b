"""The systemd units."""

import re

import yaml

from expectations import expect
from tools import ROOT, read, run, seconds

# systemd-analyze's own scale: 0 is a program that may nothing, 10 one that may everything.
MAX_EXPOSURE = 2.0


def the_units_are_understood_and_confined(binaries, folder):
    place = folder / "units"
    place.mkdir()
    for path in (ROOT / "deploy/systemd").glob("tidegate.s[eo]*"):
        # `verify` looks for the program.
        (place / path.name).write_text(path.read_text().replace("/usr/bin/tidegate", str(binaries / "tidegate")))
    names = sorted(str(path) for path in place.iterdir())
    run("systemd-analyze", "verify", *names)
    told = run("systemd-analyze", "security", "--offline=true", place / "tidegate.service")
    exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", told)[1])
    expect(exposure <= MAX_EXPOSURE, f"the service is exposed: {exposure}")
    unit = read("deploy/systemd/tidegate.service")
    relay = yaml.safe_load(read("deploy/example/tidegate.yaml"))
    expect(seconds(setting(unit, "TimeoutStopSec")) > seconds(relay["timeouts"]["drain"]) + 5,
           "systemd ends a relay that still drains")
    expect(int(setting(unit, "LimitNOFILE")) >= 2 * relay["limits"]["sessions"] + 100,
           "there are too few descriptors for limits.sessions")


def setting(unit, name):
    return re.search(rf"^{name}=(.*)$", unit, re.M)[1]
