"""Checks what is deployed, with the tools of those who deploy: `run.py BINARIES`.

The image's recipe, the tour, alerts and dashboard, Kubernetes manifests, systemd units, the example configuration and the
runbook are read by their own linters and against the programs that were built. A real Prometheus scrapes a relay that
carries sessions, and answers every question of the dashboard and the alerts.
"""

import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "Clients")]

import containers  # noqa: E402
import documents  # noqa: E402
import example  # noqa: E402
import kubernetes  # noqa: E402
import monitoring  # noqa: E402
import units  # noqa: E402
from outcomes import exit_status, passes  # noqa: E402
from tour import Tour  # noqa: E402


def main(binaries):
    binaries = pathlib.Path(binaries).resolve()
    with tempfile.TemporaryDirectory(prefix="tidegate-deploy-") as folder:
        folder = pathlib.Path(folder)
        outcomes = [passes(name_of(check, *arguments), check, *arguments) for check, *arguments in checks(binaries, folder)]
    return exit_status(outcomes)


def checks(binaries, folder):
    yield containers.the_recipe_is_clean,
    yield containers.the_scripts_are_clean,
    yield containers.the_tour_is_composed_and_confined,
    yield monitoring.the_rules_are_read_and_fire,
    yield documents.every_alert_has_its_section,
    yield documents.what_the_threat_model_names_is_there,
    yield units.the_units_are_understood_and_confined, binaries, folder
    yield example.the_example_is_accepted, binaries, folder
    for site in kubernetes.SITES:
        yield kubernetes.the_manifests_keep_to_the_schemas, site
        yield kubernetes.the_site_reaches_its_own_zone_alone, site
        yield kubernetes.the_relays_are_confined_and_have_time, site
        yield kubernetes.the_mounted_files_are_accepted, site, binaries, folder
    yield kubernetes.a_swapped_volume_is_a_reload, binaries, folder
    tour = Tour(binaries, folder)
    with tour:
        prometheus = monitoring.Prometheus(tour)
        prometheus.wait("up == 1")
        yield tour.the_visitors_are_heard_or_refused,
        yield tour.health_is_told_to_who_shows_the_token,
        yield monitoring.prometheus_knows_what_it_is_asked, prometheus
        yield tour.the_receipts_are_whole,


def name_of(check, *arguments):
    """With the zone, where there is a check for each."""
    return check.__name__.replace("_", " ") + (f": {arguments[0]}" if arguments and isinstance(arguments[0], str) else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
