"""The image's recipe, the scripts, and the tour's composition."""

import pathlib

import yaml

from expectations import expect, expect_equal
from tools import ROOT, module_program, run


def the_recipe_is_clean():
    run(module_program("hadolint"), "--failure-threshold", "style", ROOT / "Docker/Dockerfile")


def the_scripts_are_clean():
    run("shellcheck", *(path for folder in ("scripts", ".ci", "Docker", "Docker/tour")
                        for path in sorted((ROOT / folder).iterdir()) if is_script(path)))


def the_tour_is_composed_and_confined():
    composed = yaml.safe_load(run("docker-compose", "--file", ROOT / "Docker/compose.yaml", "config"))
    services = composed["services"]
    expect_equal(set(services), {"prepare", "us", "eu", "edge", "redis", "relay", "visitors", "prometheus", "grafana"},
                 "services")
    for name, service in services.items():
        for port in service.get("ports", []):
            address = port if isinstance(port, str) else port.get("host_ip", "")
            expect(address.startswith("127.0.0.1"), f"{name} listens off loopback: {port}")
        # Grafana writes where it likes.
        if name != "grafana":
            expect(service.get("read_only") and service.get("cap_drop") == ["ALL"], f"{name} may write or has capabilities")
        for volume in service.get("volumes", []):
            source = (volume if isinstance(volume, str) else f"{volume['source']}:").split(":")[0]
            expect(not source.startswith("/") or pathlib.Path(source).exists(), f"{name}: there is no {source}")


def is_script(path):
    return path.is_file() and path.read_bytes().startswith((b"#!/usr/bin/env bash", b"#!/bin/sh"))
