"""Runs the stories of outside clients against the built programs: `run.py BINARIES`."""

import pathlib
import sys
import tempfile
import time
import traceback

from stories import Harbour, stories


def main(binaries):
    with tempfile.TemporaryDirectory(prefix="tidegate-clients-") as folder:
        harbour = Harbour(pathlib.Path(binaries), pathlib.Path(folder))
        with harbour.standin.program, harbour.relay:
            outcomes = [passes(name, action, harbour, *arguments) for name, action, *arguments in stories(harbour)]
    passed = sum(outcomes)
    print(f"{passed} passed, {len(outcomes) - passed} failed")
    return 0 if all(outcomes) else 1


def passes(name, action, *arguments):
    started = time.monotonic()
    try:
        action(*arguments)
    except AssertionError as failure:
        return report("FAILED", name, started, str(failure))
    except Exception:
        return report("FAILED", name, started, traceback.format_exc())
    return report("passed", name, started)


def report(word, name, started, detail=""):
    print(f"{word}  {name} ({time.monotonic() - started:.1f} s)", flush=True)
    if detail:
        print("        " + detail.strip().replace("\n", "\n        "), flush=True)
    return word == "passed"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
