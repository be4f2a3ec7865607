"""What lies in examples/ for systemd, Kubernetes, Docker and Grafana, as far as it can be checked here."""

import os
import re
import shlex
import subprocess

import grpc
import pytest
import yaml

from api import ALLOW, Client
from sidecar import ROOT, VERDICT, Sidecar, publish
from test_callers import is_healthy
from test_tls import DENIED, REQUEST

EXAMPLES = ROOT / "examples"
UNITS = [EXAMPLES / "systemd/verdict.service", EXAMPLES / "systemd/verdict.socket"]
MANIFEST = EXAMPLES / "kubernetes/sidecar.yaml"
REGISTRY = EXAMPLES / "kubernetes/sidecar-registry.yaml"
DOCKERFILE = EXAMPLES / "docker/Dockerfile"


def test_what_cannot_run_here_says_so_in_its_first_line():
    for path in [*UNITS, MANIFEST, REGISTRY, DOCKERFILE]:
        assert re.match(r"# Not (run|built) by the tests, ", path.read_text()), path


# systemd.


@pytest.fixture
def units(tmp_path):
    """The units, with the binary that was built here, and a user that there is."""
    for unit in UNITS:
        text = unit.read_text().replace("/usr/bin/verdict", str(VERDICT.resolve()))
        text = re.sub(r"^(Documentation)=.*$", "", text, flags=re.MULTILINE)
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def complaints(units):
    """What systemd says of the units in a directory."""
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(units / unit.name for unit in UNITS)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning", "SYSTEMD_UNIT_PATH": f"{units}:"},
    )
    lines = [line for line in done.stderr.splitlines() if str(units) in line]
    return lines or ([done.stderr] if done.returncode else [])


def test_systemd_finds_nothing_wrong_with_the_units(units):
    assert complaints(units) == []
    # It would: a word that it doesn't know is found.
    service = units / "verdict.service"
    service.write_text(service.read_text().replace("WatchdogSec", "WatchdogSeconds"))
    assert "WatchdogSeconds" in "".join(complaints(units))


def test_systemd_finds_the_sandbox_tight(units):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager"]
        + [str(units / "verdict.service")],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"},
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr


def test_the_unit_s_flags_are_the_binary_s(tmp_path, acme_document):
    publish(tmp_path / "control", acme_document)
    line = next(
        line for line in UNITS[0].read_text().splitlines() if line.startswith("ExecStart=")
    )
    words = shlex.split(line.removeprefix("ExecStart="))
    assert words[:2] == ["/usr/bin/verdict", "serve"]
    flags = [word.replace("/var/lib/verdict", str(tmp_path)) for word in words[2:]]
    with Sidecar(tmp_path / "run", *flags) as sidecar, Client(sidecar.unix) as client:
        assert list(client.authorize(REQUEST).effects) == [ALLOW]


# Kubernetes.


def test_the_sidecar_of_kubernetes_starts_with_its_flags_and_its_probes_work(
    tmp_path, acme_document
):
    publish(tmp_path / "control", acme_document)
    (document,) = yaml.safe_load_all(MANIFEST.read_text())
    pod = document["spec"]["template"]["spec"]
    (verdict,) = pod["initContainers"]
    assert verdict["restartPolicy"] == "Always" and verdict["args"][0] == "serve"
    me, flags = os.getuid(), []
    for flag in verdict["args"][1:]:
        flag = flag.replace("=/control", f"={tmp_path}/control")
        flag = flag.replace("/run/verdict/verdict.sock", f"{tmp_path}/pod.sock")
        # The port is the kernel's choice, and whoever runs the tests plays the service.
        flag = flag.replace("0.0.0.0:7070", "127.0.0.2:0")
        flags.append(flag.replace("uid:65533", f"uid:{me}"))
    with Sidecar(tmp_path / "run", *flags) as sidecar:
        with Client(f"unix:{tmp_path}/pod.sock") as client:
            assert list(client.authorize(REQUEST).effects) == [ALLOW]
        addresses = [
            record["address"] for record in sidecar.records() if record["message"] == "listening"
        ]
        probed = next(address for address in addresses if address.startswith("127.0.0.2:"))
        assert is_healthy(probed)
        with Client(probed) as client, pytest.raises(grpc.RpcError) as error:
            client.authorize(REQUEST)
        assert error.value.code() == DENIED


@pytest.mark.parametrize("manifest", [MANIFEST, REGISTRY], ids=["volume", "registry"])
def test_the_sidecar_of_kubernetes_is_confined(manifest):
    (document,) = yaml.safe_load_all(manifest.read_text())
    pod = document["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    for container in pod["initContainers"] + pod["containers"]:
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"]["drop"] == ["ALL"]
    verdict = pod["initContainers"][-1]
    port = int(next(a for a in verdict["args"] if a.startswith("--listen")).rsplit(":", 1)[1])
    assert {p["containerPort"] for p in verdict["ports"]} == {port}
    assert verdict["startupProbe"]["grpc"]["port"] == port
    assert verdict["readinessProbe"]["grpc"]["port"] == port
    mounts = {mount["name"]: mount for mount in verdict["volumeMounts"]}
    assert mounts["control"]["readOnly"] is True
    volumes = {volume["name"] for volume in pod["volumes"]}
    for container in pod["initContainers"] + pod["containers"]:
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
    drain = next(a for a in verdict["args"] if a.startswith("--drain-timeout"))
    assert int(drain.split("=")[1]) < pod.get("terminationGracePeriodSeconds", 30)


# Docker.


def installed(stage):
    """The packages that a stage of the Dockerfile installs."""
    found = re.search(r"--no-install-recommends \\\n(.*?) \\\n", stage, re.DOTALL)
    return set(found.group(1).split())


def test_the_image_has_the_libraries_that_the_binary_needs_and_no_others():
    runtime = DOCKERFILE.read_text().split("\nFROM ")[2]
    needed = re.findall(
        r"NEEDED.*\[(.*)\]",
        subprocess.run(
            ["readelf", "-d", VERDICT], capture_output=True, text=True, check=True
        ).stdout,
    )
    linked = subprocess.run(["ldd", VERDICT], capture_output=True, text=True, check=True).stdout
    packages = set()
    for library in needed:
        # Swift's own are part of the binary in the image; the C library's are in every image.
        own = r"ld-linux|lib(swift|_Foundation|Foundation|BlocksRuntime|dispatch|c\.|m\.|stdc|gcc|pthread|dl|util|rt)"
        if re.match(own, library):
            continue
        path = re.search(rf"{re.escape(library)} => (\S+)", linked).group(1)
        owner = subprocess.run(
            ["dpkg", "-S", os.path.basename(os.path.realpath(path))],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        packages |= {line.split(":")[0] for line in owner.splitlines()}
    packages -= {name for name in packages if name.endswith("-dev")}
    assert packages == installed(runtime) - {"ca-certificates"}


def test_the_image_is_built_from_what_there_is_and_with_what_the_makefile_names():
    build = DOCKERFILE.read_text().split("\nFROM ")[1]
    for line in re.findall(r"^COPY (.*) \S+$", build, re.MULTILINE):
        for source in line.split():
            assert source == "Package.resolved" or (ROOT / source).exists(), source
    makefile = (ROOT / "Makefile").read_text()
    for package in installed(build):
        assert package == "make" or package in makefile, package


def test_the_image_runs_as_nobody_and_starts_the_server():
    text = DOCKERFILE.read_text()
    assert re.search(r"^USER [1-9]\d+:[1-9]\d+$", text, re.MULTILINE)
    assert 'ENTRYPOINT ["/usr/bin/verdict"]' in text
    assert 'CMD ["serve", "--control", "/control"]' in text
