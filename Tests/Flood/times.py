"""Whether the time of an answer tells one worthless credential from another: `times.py BINARIES [--each N]`.

Credentials of several kinds are shown in turn, in random order, each on a connection of its own. Prints for each kind the
median time from the request to the end of the answer, and how far it is from that of all, beside how far chance would have it.
"""

import argparse
import base64
import os
import pathlib
import random
import socket
import statistics
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "Clients"))
sys.path.insert(0, str(HERE))

from relay import client_key
from run import Harbour


def main(binaries, each, pace):
    with tempfile.TemporaryDirectory(prefix="tidegate-times-") as folder:
        harbour = Harbour(pathlib.Path(binaries), pathlib.Path(folder), 1)
        with harbour.standin.program, harbour.relay:
            harbour.revoke()
            kinds = {
                "never heard of": client_key,
                "revoked": lambda: harbour.key_of_one_who_goes,
                "good but for its last character": lambda: harbour.key[:-1] + ("A" if harbour.key[-1] != "A" else "B"),
                "good but for its first character": lambda: "tg_" + ("A" if harbour.key[3] != "A" else "B") + harbour.key[4:],
                "not of a key's form": lambda: base64.b64encode(os.urandom(33)).decode(),
            }
            times, statuses = {kind: [] for kind in kinds}, set()
            turns = [kind for kind in kinds for _ in range(each)]
            random.shuffle(turns)
            for kind in turns:
                status, took = ask(harbour.port, kinds[kind]())
                statuses.add(status)
                times[kind].append(took * 1e6)
                time.sleep(pace)
            print(table(times, statuses))
    return 0


def ask(port, key):
    lines = ["GET /v3/ws HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: Upgrade",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", f"Authorization: {key}", "", ""]
    request = "\r\n".join(lines).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        begin = time.perf_counter()
        connection.sendall(request)
        answer = b""
        while piece := connection.recv(4096):
            answer += piece
        return answer.split(b" ")[1].decode(), time.perf_counter() - begin


def table(times, statuses):
    middle = statistics.median(took for group in times.values() for took in group)
    lines = [f"answers: {', '.join(sorted(statuses))}; median of all {middle:.1f} µs", "",
             "| credential | requests | median, µs | from that of all | by chance |",
             "| --- | ---: | ---: | ---: | ---: |"]
    for kind, took in times.items():
        median = statistics.median(took)
        # The standard error of a median, from the middle half of what it is the median of.
        low, _, high = statistics.quantiles(took, n=4)
        chance = 1.2533 * (high - low) / 1.349 / len(took) ** 0.5
        lines.append(f"| {kind} | {len(took)} | {median:.1f} | {median - middle:+.2f} | ± {chance:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries")
    parser.add_argument("--each", type=int, default=10_000, help="requests of each kind")
    parser.add_argument("--pace", type=float, default=0, help="seconds between requests; 0.025 for reasons told in full")
    arguments = parser.parse_args()
    sys.exit(main(arguments.binaries, arguments.each, arguments.pace))
