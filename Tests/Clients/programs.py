"""Starts the programs under test and the client programs, and keeps every line that they print."""

import json
import pathlib
import re
import subprocess
import threading
import time

READY_SECONDS = 20
STOP_SECONDS = 15


class Program:
    """A running program whose lines, on both outputs, can be waited for and read again at the end.

    It inherits no descriptors but `descriptors`.
    """

    def __init__(self, command, environment=None, descriptors=()):
        self.name = pathlib.Path(command[0]).name
        self.lines = {"stdout": [], "stderr": []}
        self._more = threading.Condition()
        self._process = subprocess.Popen(
            command, env=environment, text=True, errors="replace", pass_fds=descriptors,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._readers = [threading.Thread(target=self._read, args=(name,), daemon=True) for name in self.lines]
        for reader in self._readers:
            reader.start()

    def wait_for(self, output, wanted, seconds=READY_SECONDS):
        """The first object that `wanted` accepts among the JSON lines of an output."""
        return self._wait(lambda: next(filter(wanted, json_objects(self.lines[output])), None), seconds)

    def wait_for_text(self, output, pattern, seconds=READY_SECONDS):
        """The first match of a regular expression in a line of an output."""
        return self._wait(lambda: next(filter(None, (re.search(pattern, line) for line in self.lines[output])), None),
                          seconds)

    def _wait(self, look, seconds):
        deadline = time.monotonic() + seconds
        with self._more:
            while True:
                found = look()
                if found is not None:
                    return found
                left = deadline - time.monotonic()
                if left <= 0 or self._has_ended():
                    raise AssertionError(f"{self.name} did not print what it should:\n{self.printed()}")
                self._more.wait(min(left, 0.5))

    def wait(self, seconds):
        """Waits for the program to end by itself and returns its exit status."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {seconds} s:\n{self.printed()}") from None
        self._join()
        return status

    def stop(self):
        """SIGTERM, and the exit status that answers it."""
        self._process.terminate()
        return self.wait(STOP_SECONDS)

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._join()

    @property
    def pid(self):
        return self._process.pid

    def events(self):
        """The JSON lines of standard output so far."""
        return self.json("stdout")

    def json(self, output):
        """The JSON lines of an output so far."""
        with self._more:
            return list(json_objects(self.lines[output]))

    def printed(self):
        return "\n".join(line for lines in self.lines.values() for line in lines)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self.kill()

    def _has_ended(self):
        return self._process.poll() is not None and not any(reader.is_alive() for reader in self._readers)

    def _join(self):
        for reader in self._readers:
            reader.join()

    def _read(self, name):
        for line in getattr(self._process, name):
            with self._more:
                self.lines[name].append(line.rstrip("\n"))
                self._more.notify_all()


def json_objects(lines):
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value
