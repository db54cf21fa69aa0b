"""Alerts, recording rules and the dashboard: by promtool, and by a Prometheus that scrapes the tour's relay."""

import json
import re
import time
import urllib.parse
import urllib.request

import yaml

from expectations import expect, expect_equal
from tools import ROOT, documents, read, run
from tour import TOUR, free_port

RULES = ROOT / "deploy/prometheus"
PATIENCE_SECONDS = 30
# What a tour has none of, and what may not have happened in the half minute that is asked about. Every other panel must show
# something.
QUIET = {"Decisions", "Endings", "Failed dials", "Failed verifications, 24 h", "Failovers and breakers", "Refusals"}
# Prometheus's own, and those that every program gives it.
STANDARD = {"up", "process_start_time_seconds", "process_open_fds", "process_max_fds", "process_cpu_seconds_total",
            "process_resident_memory_bytes"}


def the_rules_are_read_and_fire():
    run("promtool", "check", "rules", RULES / "recording.yaml", RULES / "alerts.yaml")
    run("promtool", "test", "rules", "tests.yaml", cwd=RULES)


def prometheus_knows_what_it_is_asked(prometheus):
    # A rate needs two looks.
    prometheus.wait("min(count_over_time(up[1m])) >= 3")
    expect_equal(prometheus.values("up"), [1.0], "targets that answer")
    known = families() | {rule["record"] for rule in rules() if "record" in rule} | STANDARD
    questions = [(rule.get("alert") or rule["record"], rule["expr"], True) for rule in rules()]
    questions += [(title, query, title in QUIET) for title, query in dashboard()]
    scaler = documents(read("deploy/kubernetes/prometheus-adapter.yaml"))[0]["rules"]["custom"][0]
    questions.append(("autoscaler", scaler["name"]["matches"], False))
    unknown = {f"{title}: {name}" for title, query, _ in questions for name in metrics_in(query) - known}
    expect_equal(sorted(unknown), [], "metrics that the relay does not have")
    silent = [f"{title}: {query}" for title, query, may_be_empty in questions
              if not prometheus.ask(query) and not may_be_empty]
    expect_equal(silent, [], "questions without an answer")
    groups = prometheus.get("/api/v1/rules")["groups"]
    sick = [rule for group in groups for rule in group["rules"] if rule["health"] == "err"]
    expect_equal(sick, [], "rules that Prometheus cannot evaluate")
    firing = [rule["name"] for group in groups for rule in group["rules"] if rule.get("state") == "firing"]
    expect_equal(firing, [], "alerts about a relay that is well")


class Prometheus:
    """Prometheus with the tour's configuration."""

    def __init__(self, tour):
        self.port = free_port()
        config = yaml.safe_load((TOUR / "prometheus.yaml").read_text().replace("/made/", f"{tour.made}/"))
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(RULES / path.rpartition("/")[2]) for path in config["rule_files"]]
        config["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{tour.admin}"]
        path = tour.place / "prometheus.yaml"
        path.write_text(json.dumps(config))
        run("promtool", "check", "config", path)
        self.program = tour.start("prometheus", f"--config.file={path}", f"--storage.tsdb.path={tour.place}/series",
                                  f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn")

    def get(self, path, **query):
        url = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def ask(self, query):
        return self.get("/api/v1/query", query=query)["result"]

    def values(self, query):
        return [float(sample["value"][1]) for sample in self.ask(query)]

    def wait(self, query):
        """Until the query's first answer."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if self.ask(query):
                    return
            except OSError:
                pass
            expect(time.monotonic() < deadline, f"no answer to {query}:\n{self.program.printed()}")
            time.sleep(0.1)


def rules():
    return [rule for name in ("recording", "alerts")
            for group in documents(read(f"deploy/prometheus/{name}.yaml"))[0]["groups"] for rule in group["rules"]]


def alerts():
    return [rule for rule in rules() if "alert" in rule]


def dashboard():
    """Title and query of each panel, as Grafana would ask with everything chosen."""
    board = json.loads(read("deploy/grafana/tidegate.json"))
    asked = [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel.get("targets", [])]
    asked += [(variable["name"], re.match(r"label_values\((\w+),", variable["definition"])[1])
              for variable in board["templating"]["list"] if variable["type"] == "query"]
    expect(len(asked) > 30, "the dashboard asks little")
    chosen = {"$__rate_interval": "30s", "$instance": ".*", "$zone": ".*"}
    return [(title, replaced(query, chosen)) for title, query in asked]


def replaced(query, values):
    for name, value in values.items():
        query = query.replace(name, value)
    return query


def families():
    """All that a relay can count, whether or not this one did."""
    text = "".join(path.read_text() for path in sorted((ROOT / "Sources/Telemetry").glob("MetricFamily*.swift")))
    return {"tidegate_" + name for name in re.findall(r'\bMetricFamily\(\s*"(\w+)"', text)}


def metrics_in(query):
    bare = re.sub(r"\"[^\"]*\"", '""', query)
    names = set(re.findall(r"(?<![\w:])(?:\w+:)?(?:tidegate_\w+(?::\w+)?|process_\w+)(?!\w|\()|(?<!\w)up(?=\{)", bare))
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}
