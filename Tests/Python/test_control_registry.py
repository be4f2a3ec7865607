"""Existing registries and their tools carry a control directory from host to host, unchanged."""

import os
import re
import subprocess
import threading

import pytest
import yaml

from api import ALLOW, DENY, Client
from control import LOADED, Site, effect, status, wait_for_number
from layout import Layout
from sidecar import ROOT, Sidecar, verdict, wait_until


@pytest.fixture
def registry(tmp_path):
    """A real registry on a port that the kernel chose."""
    config = tmp_path / "registry.yml"
    config.write_text(
        "version: 0.1\n"
        f"storage: {{filesystem: {{rootdirectory: {tmp_path}/registry}}, delete: {{enabled: true}}}}\n"
        "http: {addr: '127.0.0.1:0'}\n"
    )
    process = subprocess.Popen(
        ["docker-registry", "serve", config], stdout=-3, stderr=subprocess.PIPE, text=True
    )
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stderr.readline, "")))
    reader.start()
    try:
        pattern = r"listening on (127\.0\.0\.1:\d+)"
        wait_until(lambda: re.search(pattern, "".join(lines)), "the registry listens")
        yield re.search(pattern, "".join(lines)).group(1)
    finally:
        process.terminate()
        process.wait(10)
        reader.join(10)
        process.stderr.close()


def copy(source, target):
    """Without `--all` the tool would pick one manifest by platform."""
    subprocess.run(
        ["skopeo", "--insecure-policy", "copy", "--all", "--quiet"]
        + ["--src-tls-verify=false", "--dest-tls-verify=false", source, target],
        check=True,
        capture_output=True,
        timeout=60,
    )


def test_a_registry_carries_sets_to_a_second_server(registry, tmp_path):
    site = Site(tmp_path / "publisher")
    received = tmp_path / "received"
    site.publish(False, "--message", "<first> & \"quoted\"")

    def carry():
        copy(f"oci:{site.control}:current", f"docker://{registry}/policies:current")
        copy(f"docker://{registry}/policies:current", f"oci:{received}:current")

    carry()
    words = {"control": received, "state": False}
    with site.serve(**words) as sidecar, Client(sidecar.unix) as client:
        assert status(client).state == LOADED and effect(client) == DENY
        assert Layout(received).ref("current")["digest"] == site.layout.ref("current")["digest"]
        site.publish(True)
        # What is signed for the staging area stays there, whatever it is called on the way.
        carry()
        wait_for_number(client, 2)
        assert effect(client) == ALLOW
        digest = status(client).set_digest.hex()
        assert site.layout.ref("current")["digest"] == f"sha256:{digest}"
        organizations = client.info().organizations
        snapshots = {one.organization: one.snapshot_digest.hex() for one in organizations}
        assert snapshots == {
            name: layer["digest"].removeprefix("sha256:")
            for name, layer in site.layout.snapshots().items()
        }
    verdict("verify", "--control", received, "--trust", f"{site.key}.pub")
    # The copy has no history and counts on from the set's number.
    site.publish(False, control=received)
    assert Layout(received).number() == 3


def test_the_pod_that_fetches_from_a_registry_serves_what_is_there(registry, tmp_path):
    """The manifest's own copying, once around, and its flags."""
    path = ROOT / "examples/kubernetes/sidecar-registry.yaml"
    (document,) = yaml.safe_load_all(path.read_text())
    fetching, serving = document["spec"]["template"]["spec"]["initContainers"]
    site = Site(tmp_path / "publisher")
    received = tmp_path / "received"
    received.mkdir()
    site.publish(True)
    copy(f"oci:{site.control}:current", f"docker://{registry}/policies:current")
    assert fetching["command"] == ["/bin/sh", "-c"]
    (script,) = fetching["args"]
    for words, others in (
        ("skopeo copy", "skopeo --insecure-policy copy --src-tls-verify=false"),
        (" --authfile=/auth/config.json", ""),
        ("registry.example/", f"{registry}/"),
        ("oci:/control:", f"oci:{received}:"),
        ("sleep 30", "exit $?"),
    ):
        assert words in script
        script = script.replace(words, others)
    subprocess.run([*fetching["command"], script], check=True, timeout=60)
    assert Layout(received).ref("current")["digest"] == site.layout.ref("current")["digest"]
    flags = []
    for flag in serving["args"][1:]:
        flag = flag.replace("=/control", f"={received}").replace("=/state", f"={tmp_path}/state")
        flag = flag.replace("/keys/signing.pub", f"{site.key}.pub")
        flag = flag.replace("/run/verdict/verdict.sock", f"{tmp_path}/pod.sock")
        flag = flag.replace("0.0.0.0:7070", "127.0.0.2:0")
        flags.append(flag.replace("uid:65533", f"uid:{os.getuid()}"))
    with Sidecar(tmp_path / "run", *flags), Client(f"unix:{tmp_path}/pod.sock") as client:
        assert status(client).state == LOADED and effect(client) == ALLOW


def test_a_staged_set_is_not_served_under_another_name(registry, tmp_path):
    site = Site(tmp_path / "publisher")
    received = tmp_path / "received"
    site.publish(False)
    site.publish(True, "--staged")
    copy(f"oci:{site.control}:staged", f"docker://{registry}/policies:next")
    copy(f"docker://{registry}/policies:next", f"oci:{received}:current")
    done = verdict("verify", "--control", received, "--trust", f"{site.key}.pub", check=False)
    assert done.returncode == 1 and done.stderr.startswith("error: channel:")
