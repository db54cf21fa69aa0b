"""What relaying a message costs, in instructions and allocations: `run.py BINARIES [--out FILE]`.

The relay runs under callgrind, between one client and the stand-in's echo, TLS on both legs. Two runs of different length
are subtracted, so that start and handshakes cancel out; what is left repeats to about half a percent, on a busy machine
too. An echo is two relayed messages. The exit status is 1 when the relay itself allocates for messages, or needs notably
more instructions than it once did.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "Clients"))

from callgrind import Profile
from echo_client import EchoClient
from relay import client_key, secret_file, start_relay, tenant, zone
from standin import StandIn

# Payload in bytes: echoes of the short and of the long run, and the instructions of a message when last looked at, with
# OpenSSL 3.0, whose share they mostly are. 3200 bytes are 100 ms of speech.
SIZES = {125: (300, 1300, 16_300), 3200: (200, 700, 31_900), 60_000: (50, 150, 564_000)}
TOLERANCE = 1.05
MESSAGES_AN_ECHO = 2


def main(binaries, out):
    rows = []
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        bench = Bench(pathlib.Path(binaries), pathlib.Path(folder))
        with bench.standin.program:
            for size, (few, many, expected) in SIZES.items():
                rows.append((size, bench.measure(size, few, many), expected))
    print(table(rows))
    if out:
        pathlib.Path(out).write_text(table(rows))
    return 0 if all(is_fine(cost, kept) for _, cost, kept in rows) else 1


def is_fine(cost, kept):
    return abs(cost.own_allocations) < 0.1 and cost.instructions <= TOLERANCE * kept


def table(rows):
    lines = ["| payload, bytes | instructions a message | when last looked at | allocations: relay | OpenSSL |",
             "| ---: | ---: | ---: | ---: | ---: |"]
    for size, cost, kept in rows:
        lines.append(f"| {size} | {cost.instructions:,.0f} | {kept:,} "
                     f"| {abs(cost.own_allocations):.1f} | {cost.allocations_of_openssl:.1f} |")
    return "\n".join(lines) + "\n"


class Bench:
    def __init__(self, binaries, folder):
        self.binaries = binaries
        self.folder = folder
        self.standin = StandIn(binaries, "--echo")
        self.key = client_key()
        # Callgrind does not understand all debug information that Swift writes.
        self.relay = folder / "tidegate"
        subprocess.run(["objcopy", "--strip-debug", binaries / "tidegate", self.relay], check=True)

    def measure(self, size, few, many):
        """The cost of a relayed message of `size` bytes."""
        return (self.run(size, many) - self.run(size, few)) / ((many - few) * MESSAGES_AN_ECHO)

    def run(self, size, echoes):
        """The profile of a relay that lives for `echoes` echoes."""
        profile = self.folder / f"profile.{size}.{echoes}"
        authority = self.standin.authority
        # The key is looked for in what comes back, by its first byte: one that the echo's mask is made of would be found
        # in every fourth place.
        echo = zone(
            f"wss://localhost:{self.standin.facts['port']}/", secret_file(self.folder, "key", "no-key-that-an-echo-needs"),
            authority, provider="generic")
        relay, port = start_relay(
            self.folder, self.folder, self.standin.certificate, zones={"echo": echo},
            tenants={"bench": tenant("echo", self.key)}, log={"level": "info"}, threads=1,
            under=["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}"])
        with relay:
            with EchoClient(port, authority, self.key) as client:
                for _ in range(echoes):
                    client.echo(size)
            relay.stop()
        return Profile.read(profile)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries")
    parser.add_argument("--out", help="a file for the table")
    arguments = parser.parse_args()
    sys.exit(main(arguments.binaries, arguments.out))
