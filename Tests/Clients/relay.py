"""Writes a configuration for the relay under test and starts it."""

import base64
import hashlib
import json
import os

from programs import Program


def client_key():
    """A new key as `tidegate key create` makes them: 256 random bits."""
    return "tg_" + base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def tenant(residency, key, **more):
    """A tenant of the policy file, known by the hash of one client key."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return {"residency": residency, "clients": {"keys": [{"name": "test", "sha256": digest}], **more}}


def zone(url, key_file, certificate_authority, **more):
    """A zone with one endpoint, verified against a certificate authority of its own."""
    return {"endpoints": [url], "key": {"file": str(key_file)}, "verify": {"ca": str(certificate_authority)}, **more}


def secret_file(folder, name, text):
    path = folder / name
    path.touch(mode=0o600)
    path.write_text(text)
    return path


def write_policy(path, tenants):
    """Replaces a policy file as an editor does."""
    path.write_text(json.dumps({"version": 1, "tenants": tenants}, indent=2))


def start_relay(binaries, folder, certificate, zones, tenants, under=(), environment=None, descriptors=(), is_waited_for=True,
                **more):
    """Starts `tidegate serve` on a free port of loopback; returns the program and its port, once it has told that.

    JSON is YAML too, so what is written needs no YAML library. `certificate` is a pair: chain and key; `under` is a
    command that runs the relay, in this `environment` and with these `descriptors`. Tenants are written to
    `policy.yaml`; without any, `policy` names files that are there.
    """
    chain, key = certificate
    configuration = {
        "version": 1,
        "site": {"name": "outside-tests"},
        "listeners": [{
            "address": "127.0.0.1:0",
            "tls": {"certificates": [{"chain": str(chain), "key": str(key)}]},
        }],
        "zones": zones,
        "policy": ["policy.yaml"],
        "log": {"level": "debug", "format": "json"},
        **more,
    }
    if tenants:
        write_policy(folder / "policy.yaml", tenants)
    (folder / "tidegate.yaml").write_text(json.dumps(configuration, indent=2))
    program = Program(
        [*under, str(binaries / "tidegate"), "serve", "--config", str(folder / "tidegate.yaml")], environment, descriptors)
    if not is_waited_for:
        return program, None
    listening = program.wait_for("stderr", lambda line: line.get("event") == "listening")
    return program, int(listening["address"].rpartition(":")[2])
