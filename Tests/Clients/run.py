"""Runs the stories of outside clients against the built programs: `run.py BINARIES`."""

import pathlib
import sys
import tempfile

from outcomes import exit_status, passes
from stories import Harbour, stories


def main(binaries):
    with tempfile.TemporaryDirectory(prefix="tidegate-clients-") as folder:
        harbour = Harbour(pathlib.Path(binaries), pathlib.Path(folder))
        with harbour.standin.program, harbour.relay:
            outcomes = [passes(name, action, harbour, *arguments) for name, action, *arguments in stories(harbour)]
    return exit_status(outcomes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
