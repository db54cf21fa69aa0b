"""What an idle session holds, in memory of the relay: `idle.py BINARIES [SESSIONS]`.

Sessions are opened through a relay to the stand-in's echo, TLS on both legs, say one thing each and then nothing. The figure
is the slope of the relay's proportional set size between a thousand sessions and as many as asked for (3,000), so that
what the relay holds anyway does not count. The kernel's memory for sockets is not in it.
"""

import argparse
import contextlib
import pathlib
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "Clients"))

from echo_client import EchoClient
from harbour import RECORDS, Harbour

FIRST = 1000


def main(binaries, sessions):
    print("| records | KiB at rest | KiB a session |\n| --- | ---: | ---: |")
    with tempfile.TemporaryDirectory(prefix="tidegate-idle-") as folder:
        harbour = Harbour(pathlib.Path(binaries), pathlib.Path(folder))
        with harbour.standin.program:
            for records in RECORDS:
                at_rest, slope = measure(harbour, records, sessions)
                print(f"| {records} | {at_rest:,} | {slope:.1f} |", flush=True)


def measure(harbour, records, sessions):
    """The relay's memory without sessions, and what one of them adds, in KiB."""
    # Nobody here answers pings.
    patient = {"ping": "1h", "idle": "1h"}
    relay, port = harbour.relay(records, timeouts=patient)
    with relay, contextlib.ExitStack() as clients:
        held = [proportional_set_size(relay.pid)]
        for count in (FIRST, sessions - FIRST):
            for _ in range(count):
                client = clients.enter_context(EchoClient(port, harbour.standin.authority, harbour.key))
                client.echo(125)
            held.append(proportional_set_size(relay.pid))
    return held[0], (held[2] - held[1]) / (sessions - FIRST)


def proportional_set_size(pid):
    return int(re.search(r"^Pss:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M).group(1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries")
    parser.add_argument("sessions", nargs="?", type=int, default=3000)
    arguments = parser.parse_args()
    main(arguments.binaries, arguments.sessions)
