"""What people read is held to what there is."""

import re

from expectations import expect, expect_equal
from monitoring import alerts
from tools import ROOT, documents, read


def every_alert_has_its_section():
    runbook = read("deploy/runbook.md")
    section = runbook.split("\n## Alerts\n")[1].split("\n## ")[0]
    names = [alert["alert"] for alert in alerts()]
    expect_equal(sorted(re.findall(r"^### (\w+)$", section, re.M)), sorted(names), "sections on alerts")
    for alert in alerts():
        expect_equal(alert["annotations"]["runbook"], f"runbook.md#{alert['alert'].lower()}", "where an alert points")
        expect(alert["labels"]["severity"] in ("page", "ticket"), f"{alert['alert']} has no severity")
    tested = {case["alertname"] for group in documents(read("deploy/prometheus/tests.yaml"))[0]["tests"]
              for case in group["alert_rule_test"] if case.get("exp_alerts")}
    expect_equal(tested, set(names), "alerts that a test fires")


def what_the_threat_model_names_is_there():
    model = read("deploy/threat-model.md")
    named = set(re.findall(r"`((?:Tests|Sources|deploy|scripts)/[\w+/.\-]+)`", model))
    expect(len(named) > 20, "the threat model names few files")
    missing = sorted(path for path in named if not (ROOT / path).exists())
    expect_equal(missing, [], "files that the threat model names and that are not there")
