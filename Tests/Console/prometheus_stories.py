"""Debian's Prometheus reads what the relay tells."""

import json
import os
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request

from crowd import Crowd
from expectations import expect, expect_equal
from programs import Program

PATIENCE_SECONDS = 30
UP = 'up{job="tidegate"}'


def stories():
    return [("promtool finds nothing to complain of", checked), ("a Prometheus scrapes the relay", scraped)]


def checked(harbour, _):
    text = harbour.ask("/metrics")
    report = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    expect(report.returncode == 0, report.stdout + report.stderr)
    expect_equal(report.stderr.strip(), "", "what promtool says")
    names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    wanted = {"tidegate_sessions_open", "tidegate_decisions_total", "tidegate_loop_turn_seconds", "process_open_fds"}
    expect(wanted <= names, f"missing: {wanted - names}")


def scraped(harbour, folder):
    port = free_port()
    configuration = folder / "prometheus.yml"
    configuration.write_text(json.dumps({
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{
            "job_name": "tidegate", "authorization": {"credentials_file": str(harbour.token_file)},
            "static_configs": [{"targets": [harbour.admin.removeprefix("http://")]}]}]}))
    command = ["prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'prometheus'}",
               f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    keys = [harbour.keys["acme-gmbh"]] * 3 + [harbour.keys["globex"]]
    with Program(command, {**os.environ, "GOMAXPROCS": "1"}), Crowd(
            "localhost", harbour.port, keys, certificate_authority=harbour.standin.authority):
        expect_equal(answer(port, UP, lambda found: found == [1.0]), [1.0], "whether it is up")
        open_now = 'sum by (zone) (tidegate_sessions_open{zone=~"eu|us"})'
        expect_equal(answer(port, open_now, lambda found: sorted(found) == [1.0, 3.0]) and True, True, "open sessions")
        of_tenant = 'tidegate_tenant_sessions_open{tenant="acme-gmbh",zone="eu"}'
        expect_equal(answer(port, of_tenant, lambda found: found == [3.0]), [3.0], "a tenant's sessions")
        flow = 'sum(rate(tidegate_payload_bytes_total{direction="up"}[10s]))'
        answer(port, flow, lambda found: found and found[0] > 10_000)
        for quantile in ("tidegate_added_latency_seconds_bucket", "tidegate_loop_turn_seconds_bucket"):
            query = f"histogram_quantile(0.99, sum by (le) (rate({quantile}[10s])))"
            answer(port, query, lambda found: found and 0 < found[0] < 1)


def answer(port, query, is_wanted):
    """The values of a query, as soon as they are as they should be."""
    url = f"http://127.0.0.1:{port}/api/v1/query?query={urllib.parse.quote(query)}"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = None
        try:
            with urllib.request.urlopen(url, timeout=5) as reply:
                found = [float(series["value"][1]) for series in json.load(reply)["data"]["result"]]
        except OSError:
            pass  # It is not up yet.
        if found is not None and is_wanted(found):
            return found
        expect(time.monotonic() < deadline, f"{query}: {found}")
        time.sleep(0.2)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
