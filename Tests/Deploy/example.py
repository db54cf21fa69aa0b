"""The example configuration, with throwaway certificates and keys in the places that it names."""

import re
import shutil
import subprocess

from expectations import expect
from tools import ROOT, run


def the_example_is_accepted(binaries, folder):
    place = folder / "example"
    shutil.copytree(ROOT / "deploy/example", place)
    fill(place)
    printed = run(binaries / "tidegate", "check", "--config", place / "tidegate.yaml")
    expect("OK: policy" in printed, f"check says:\n{printed}")


def fill(place):
    """Makes every file that `tidegate.yaml` names and that a user would bring."""
    text = (place / "tidegate.yaml").read_text()
    for path in set(re.findall(r"(?<![\w/])((?:secrets|tls)/[\w./\-]+)", uncommented(text))):
        (place / path).parent.mkdir(exist_ok=True)
        if path.endswith(".crt"):
            make_certificate(place / path)
        elif path.startswith("secrets/"):
            (place / path).touch(mode=0o600)
            (place / path).write_text(secret(path))


def uncommented(text):
    return re.sub(r"(^|\s)#.*", "", text)


def secret(path):
    if path.endswith("receipt-signing-key"):
        return run("openssl", "genpkey", "-algorithm", "ed25519")
    return run("openssl", "rand", "-hex", "32")


def make_certificate(chain):
    key = chain.with_suffix(".key")
    key.touch(mode=0o600)
    # Progress goes to standard error.
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=throwaway", "-keyout", key, "-out", chain], check=True, capture_output=True)
