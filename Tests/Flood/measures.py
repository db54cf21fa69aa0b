"""What a running program uses, and a list of numbers said in few."""

import os
import pathlib

TICKS = os.sysconf("SC_CLK_TCK")


def quantile(values, share):
    """Of ascending values."""
    return values[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def cpu_seconds(pid):
    """Of all its threads, its own and the system's for it."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid):
    """Memory in KiB."""
    return status(pid, "VmRSS")


def most_resident(pid):
    """The most memory since `forget_most_resident`, in KiB."""
    return status(pid, "VmHWM")


def forget_most_resident(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def status(pid, name):
    return int(pathlib.Path(f"/proc/{pid}/status").read_text().partition(f"{name}:")[2].split()[0])
