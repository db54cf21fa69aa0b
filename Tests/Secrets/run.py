"""Looks for secrets wherever a relay may leave them: `run.py BINARIES`.

A relay runs with secrets of every kind and meets good clients, wrong ones, a provider that echoes its key and a change of
keys. Then all it wrote, all it said and all of its memory is searched. Takes root, for the memory; elsewhere it says so
and does nothing.
"""

import os
import pathlib
import resource
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "Clients")]

from expectations import expect  # noqa: E402
from harbour import Harbour  # noqa: E402
from memory import Memory  # noqa: E402
from needles import hits  # noqa: E402

# Kinds of which not one copy may be left outside the pages that are kept out of dumps.
STRICT = {"provider key", "signing key", "admin token"}


def main(binaries):
    if os.geteuid() != 0:
        print("skipped: the memory of another process is for root to read")
        return 0
    # What the relay inherits would allow a core.
    resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
    with tempfile.TemporaryDirectory(prefix="tidegate-secrets-") as folder:
        harbour = Harbour(pathlib.Path(binaries).resolve(), pathlib.Path(folder))
        with harbour.standin.program, harbour.collector, harbour.relay:
            harbour.play()
            faults = search(harbour)
            harbour.crash()
            faults += outputs(harbour)
    for fault in faults:
        print(f"FOUND {fault}")
    print(f"{len(harbour.secrets)} secrets, {harbour.visits} visits, {len(faults)} found where none may be")
    return 1 if faults else 0


def search(harbour):
    """What is found in the memory of the running relay where it may not be."""
    memory = Memory(harbour.relay.pid)
    inside = hits(harbour.secrets, memory.secret_pages())
    for secret in harbour.secrets:
        expect(secret.name in inside or not secret.is_kept,
               f"{secret.name} is not even where it must be: the search sees nothing")
    faults = complaints(harbour, hits(harbour.secrets, memory.told_by_kernel()), "in /proc")
    faults += complaints(harbour, hits(harbour.secrets, memory.core()), "in a core")
    faults += complaints(harbour, hits(harbour.replaced, memory.secret_pages()), "after it was replaced")
    outside = hits(harbour.secrets, memory.outside_secret_pages())
    faults += complaints(harbour, outside, "in memory", STRICT)
    print("copies outside the secret pages:")
    for secret in harbour.secrets:
        found = outside.get(secret.name, {})
        print(f"  {secret.kind:13} {secret.name:34} {sum(found.values()):3}  {dict(found) or ''}")
    return faults


def outputs(harbour):
    """What is found in all that the relay wrote and said."""
    return [fault for place, text in harbour.outputs()
            for fault in complaints(harbour, hits(harbour.secrets, [text]), place)]


def complaints(harbour, found, place, kinds=None):
    judged = [secret for secret in harbour.secrets if kinds is None or secret.kind in kinds]
    return [f"{secret.name} {place}: {dict(found[secret.name])}" for secret in judged if found.get(secret.name)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
