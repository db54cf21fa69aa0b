"""The Kubernetes manifests: schemas, the promises of a site, and the files as a kubelet mounts them."""

import json
import os
import pathlib
import shutil
import tempfile

import kubernetes_validate
import yaml

from example import make_certificate, secret
from expectations import expect, expect_equal
from programs import Program
from tools import ROOT, documents, module_program, read, run, seconds

SITES = ["eu", "us", "edge"]
# The oldest that a site may have, and the newest that there are schemas of.
VERSIONS = ["1.31", "1.37"]
OVERLAYS = ROOT / "deploy/kubernetes/overlays"
# Of other people's controllers; Kubernetes itself knows no schema of theirs.
FOREIGN = {"CiliumNetworkPolicy", "ServiceMonitor"}
HOSTS = {"us": "streaming.us.assemblyai.com", "eu": "streaming.eu.assemblyai.com", "edge": "streaming.assemblyai.com"}


def the_manifests_keep_to_the_schemas(site):
    rendered = render(site)
    for text in ("- by-name.yaml", "components: [../../components/monitoring]"):
        expect(f"# {text}" in overlay(site, "kustomization.yaml"), f"the overlay does not offer {text}")
    for document in rendered:
        for version in VERSIONS:
            kubernetes_validate.validate(document, version, strict=True)
    optional = documents(overlay(site, "by-name.yaml"))
    optional += documents(run(module_program("kubectl"), "kustomize", ROOT / "deploy/kubernetes/components/monitoring"))
    expect_equal({document["kind"] for document in optional}, FOREIGN, "what needs other controllers")


def the_site_reaches_its_own_zone_alone(site):
    relay = configuration(site)
    expect_equal(list(relay["zones"]), [site], "zones of the site")
    # Edge is no place, so a site for it has none, and may serve only who was promised none.
    expect_equal(relay["site"].get("zone"), None if site == "edge" else site, "zone of the site")
    residencies = {tenant["residency"] for tenant in documents(overlay(site, "policy.yaml"))[0]["tenants"].values()}
    expect_equal(residencies, {"any"} if site == "edge" else {site}, "residencies of the site's tenants")
    zone = relay["zones"][site]
    for endpoint in zone["endpoints"]:
        expect_equal(endpoint["url"], f"wss://{HOSTS[site]}/v3/ws", "the zone's host")
    addresses = sorted(endpoint["address"].rpartition(":")[0] + "/32" for endpoint in zone["endpoints"])
    expect_equal(sorted(zone["verify"]["networks"]), addresses, "networks the relay connects to")
    policies = [document for document in render(site) if document["kind"] == "NetworkPolicy"]
    confined = [policy for policy in policies if policy["spec"]["podSelector"] == {} and "egress" not in policy["spec"]]
    expect(confined and set(confined[0]["spec"]["policyTypes"]) == {"Ingress", "Egress"}, "not everything is forbidden")
    blocks = [peer["ipBlock"]["cidr"] for policy in policies for rule in policy["spec"].get("egress", [])
              for peer in rule["to"] if "ipBlock" in peer]
    expect_equal(sorted(blocks), addresses, "addresses outside the cluster")
    others = [rule for policy in policies for rule in policy["spec"].get("egress", [])
              if not rule.get("to") or not rule.get("ports")]
    expect_equal(others, [], "ways out to anywhere")
    by_name = documents(overlay(site, "by-name.yaml"))[0]
    names = [name["matchName"] for rule in by_name["spec"]["egress"] for name in rule.get("toFQDNs", [])]
    expect_equal(names, [HOSTS[site]], "hosts by name")
    selector = of_kind(site, "StatefulSet")["spec"]["template"]["spec"]["nodeSelector"]
    expect("topology.kubernetes.io/region" in selector, "the relays may run anywhere")


def the_relays_are_confined_and_have_time(site):
    pod = of_kind(site, "StatefulSet")["spec"]["template"]["spec"]
    container, = pod["containers"]
    expect_equal(container["securityContext"],
                 {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
                 "the container's confinement")
    expect(pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"], "the pod's confinement")
    relay = configuration(site)
    needed = (container["lifecycle"]["preStop"]["sleep"]["seconds"] + seconds(relay["timeouts"]["drain"])
              + seconds(relay["timeouts"].get("terminate", "5s")))
    expect(pod["terminationGracePeriodSeconds"] > needed, f"a drain takes {needed} s and the pod is killed before")
    expect_equal(relay["threads"], int(container["resources"]["requests"]["cpu"]), "loops for the requested cores")
    scaler = of_kind(site, "HorizontalPodAutoscaler")["spec"]["metrics"][0]["pods"]
    part = int(scaler["target"]["averageValue"]) / relay["limits"]["sessions"]
    expect(0.4 <= part <= 0.8, f"the autoscaler aims at {part:.0%} of a relay")
    adapter = documents(read("deploy/kubernetes/prometheus-adapter.yaml"))[0]
    expect_equal(adapter["rules"]["custom"][0]["name"]["matches"], scaler["metric"]["name"], "the autoscaler's metric")


def the_mounted_files_are_accepted(site, binaries, folder):
    place = folder / f"mounted-{site}"
    mount(site, place)
    printed = run(binaries / "tidegate", "check", "--config", place / "tidegate.yaml")
    expect("OK: policy" in printed, f"check says:\n{printed}")


def a_swapped_volume_is_a_reload(binaries, folder):
    """What a kubelet does when a ConfigMap changes, under a running relay."""
    place = folder / "swapped"

    def loopback(name, text):
        """The relay's configuration, with places that a test may use."""
        if name != "tidegate.yaml":
            return text
        relay = yaml.safe_load(text)
        relay["listeners"][0]["address"] = "127.0.0.1:0"
        relay["admin"]["address"] = "127.0.0.1:0"
        relay["receipts"]["file"] = str(folder / "swapped.jsonl")
        return json.dumps(relay)

    mount("eu", place, loopback)
    with Program([str(binaries / "tidegate"), "serve", "--config", str(place / "tidegate.yaml")]) as relay:
        relay.wait_for("stderr", lambda line: line.get("event") == "listening" and line.get("kind") == "admin")
        mount("eu", place, lambda name, text: loopback(name, text).replace("sessions: 200", "sessions: 300"))
        reloaded = relay.wait_for("stderr", lambda line: line.get("event") == "reloaded")
        expect(reloaded["policy"], "no new policy")
        mount("eu", place, lambda name, text: loopback(name, text).replace("residency: eu", "residency: mars"))
        refused = relay.wait_for("stderr", lambda line: line.get("event") == "reload-refused")
        expect("mars" in refused["detail"], f"refused for another reason: {refused}")
        expect_equal(relay.stop(), 0, "exit status")


def mount(site, place, changed=lambda name, text: text):
    """Lays out the projected volume as a kubelet does: real files in a folder with a time, `..data` leading to it, and a
    link to each top name. Again at the same place: a new folder, and one rename."""
    pod = of_kind(site, "StatefulSet")["spec"]["template"]["spec"]
    volume = next(volume for volume in pod["volumes"] if volume["name"] == "configuration")["projected"]
    maps = {document["metadata"]["name"]: document["data"] for document in render(site) if document["kind"] == "ConfigMap"}
    place.mkdir(exist_ok=True)
    version = pathlib.Path(tempfile.mkdtemp(prefix="..", dir=place))
    for source in volume["sources"]:
        if "configMap" in source:
            for key, path in items(source["configMap"], maps[source["configMap"]["name"]]):
                write(version / path, changed(path, maps[source["configMap"]["name"]][key]))
        elif not source["secret"].get("optional"):
            for _, path in items(source["secret"], {}):
                write_secret(version, path)
    for path in version.rglob("*"):
        path.chmod(0o550 if path.is_dir() else volume["defaultMode"])
    swap(place, version)


def swap(place, version):
    os.symlink(version.name, place / "..data_tmp")
    former = (place / "..data").resolve() if (place / "..data").exists() else None
    os.replace(place / "..data_tmp", place / "..data")
    for name in os.listdir(version):
        if not (place / name).is_symlink():
            os.symlink(f"..data/{name}", place / name)
    if former:
        shutil.rmtree(former)


def items(source, data):
    return [(item["key"], item["path"]) for item in source["items"]] if "items" in source else [(key, key) for key in data]


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def write_secret(version, path):
    if path.endswith(".crt"):
        (version / path).parent.mkdir(exist_ok=True)
        make_certificate(version / path)
    elif not path.endswith(".key"):
        write(version / path, secret(path))


def configuration(site):
    return yaml.safe_load(overlay(site, "tidegate.yaml"))


def overlay(site, name):
    return read(f"deploy/kubernetes/overlays/{site}/{name}")


def of_kind(site, kind):
    return next(document for document in render(site) if document["kind"] == kind)


rendered = {}


def render(site):
    if site not in rendered:
        rendered[site] = documents(run(module_program("kubectl"), "kustomize", OVERLAYS / site))
    return rendered[site]
