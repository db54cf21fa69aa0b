"""Runs other people's tools, and knows where this project's files are."""

import pathlib
import subprocess
import sys

import yaml

from expectations import expect

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 120


def run(*command, **more):
    """What a tool prints; it must succeed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=SECONDS, **more)
    expect(done.returncode == 0, f"{command[0]} exits with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def module_program(name):
    """A program that a Python package brought."""
    return pathlib.Path(sys.executable).parent / name


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def read(path):
    return (ROOT / path).read_text()


def seconds(duration):
    """Of a duration as Tidegate's or systemd's files have it: `5m`, `330s`."""
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600}[duration[-1]]
