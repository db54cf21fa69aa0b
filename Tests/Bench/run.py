"""What relaying a message costs, in instructions and allocations: `run.py BINARIES [--out FILE]`.

The relay runs under callgrind, between one client and the stand-in's echo, TLS on both legs, with OpenSSL's records and
with its own. Two runs of different length
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
from harbour import Harbour

# Payload in bytes: echoes of the short and of the long run. 3200 bytes are 100 ms of speech.
SIZES = {125: (300, 1300), 3200: (200, 700), 60_000: (50, 150)}
# The instructions of a message when last looked at, with OpenSSL 3.0, whose share they mostly are.
KEPT = {
    "openssl": {125: 16_300, 3200: 31_900, 60_000: 564_000},
    "direct": {125: 16_300, 3200: 31_900, 60_000: 564_000},
}
TOLERANCE = 1.05
MESSAGES_AN_ECHO = 2


def main(binaries, out):
    rows = []
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        bench = Bench(pathlib.Path(binaries), pathlib.Path(folder))
        with bench.harbour.standin.program:
            for records, kept in KEPT.items():
                for size, (few, many) in SIZES.items():
                    rows.append((records, size, bench.measure(records, size, few, many), kept[size]))
    print(table(rows))
    if out:
        pathlib.Path(out).write_text(table(rows))
    return 0 if all(is_fine(cost, kept) for *_, cost, kept in rows) else 1


def is_fine(cost, kept):
    return abs(cost.own_allocations) < 0.1 and cost.instructions <= TOLERANCE * kept


def table(rows):
    lines = ["| records | payload, bytes | instructions a message | when last looked at | allocations: relay | OpenSSL |",
             "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for records, size, cost, kept in rows:
        lines.append(f"| {records} | {size} | {cost.instructions:,.0f} | {kept:,} "
                     f"| {abs(cost.own_allocations):.1f} | {abs(cost.allocations_of_openssl):.1f} |")
    return "\n".join(lines) + "\n"


class Bench:
    def __init__(self, binaries, folder):
        self.folder = folder
        self.harbour = Harbour(binaries, folder)
        # Callgrind does not understand all debug information that Swift writes.
        subprocess.run(["objcopy", "--strip-debug", binaries / "tidegate", folder / "tidegate"], check=True)

    def measure(self, records, size, few, many):
        """The cost of a relayed message of `size` bytes."""
        return (self.run(records, size, many) - self.run(records, size, few)) / ((many - few) * MESSAGES_AN_ECHO)

    def run(self, records, size, echoes):
        """The profile of a relay that lives for `echoes` echoes."""
        profile = self.folder / f"profile.{records}.{size}.{echoes}"
        relay, port = self.harbour.relay(
            records, binaries=self.folder,
            under=["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}"])
        with relay:
            with EchoClient(port, self.harbour.standin.authority, self.harbour.key) as client:
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
