"""What a newcomer tries first has to work: the client and `make run`'s script."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

from sidecar import ROOT, VERDICT, Sidecar, publish


def test_the_python_client_prints_both_answers(tmp_path):
    publish(tmp_path / "control", ROOT / "examples/acme")
    with Sidecar(tmp_path / "run", "--control", tmp_path / "control") as sidecar:
        for address in (sidecar.tcp, sidecar.unix):
            done = subprocess.run(
                [sys.executable, ROOT / "examples/python/client.py", address],
                text=True,
                capture_output=True,
                timeout=60,
                check=True,
                env={**os.environ, "PYTHONPATH": str(ROOT / ".work/stubs")},
            )
            lines = done.stdout.splitlines()
            assert lines[0].startswith("ALLOW edit event_stream_source/S1")
            assert lines[1].startswith(
                "DENY connect event_stream_source/S1 destination/D3: You don't"
            )
            assert lines[2:] == [
                "live events of S1 are visible",
                "live events of S2 are hidden",
                "live events of S3 are hidden",
            ]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_run_script_shows_an_allow_and_a_deny_and_serves_until_ctrl_c(tmp_path):
    process = subprocess.Popen(
        [ROOT / "examples/run.sh", VERDICT, tmp_path / "run", f"127.0.0.1:{free_port()}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        # A shell can't trap what was ignored before it began, as in jobs in the background.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    text, end = "", time.monotonic() + 60
    try:
        while "until Ctrl-C" not in text:
            assert time.monotonic() < end and process.poll() is None, text
            if select.select([process.stdout], [], [], 0.5)[0]:
                text += os.read(process.stdout.fileno(), 65536).decode()
        assert re.search(r"(?i)\ballow\b.*granted", text) and "resource_not_in_scope" in text, text
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


def test_the_python_package_passes_its_own_tests(tmp_path):
    publish(tmp_path / "control", ROOT / "examples/acme")
    with Sidecar(tmp_path / "run", "--control", tmp_path / "control") as sidecar:
        for address in (sidecar.tcp, sidecar.unix):
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
                text=True,
                capture_output=True,
                timeout=120,
                cwd=ROOT / "examples/python",
                env={
                    **os.environ,
                    "PYTHONPATH": f"{ROOT / '.work/stubs'}:{ROOT / 'examples/python'}",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "VERDICT_ADDRESS": address,
                },
            )
            assert done.returncode == 0, done.stdout + done.stderr


def test_a_page_of_personal_data_is_masked_by_one_request(tmp_path):
    def page(principal):
        done = subprocess.run(
            [sys.executable, ROOT / "examples/pii/page.py", principal, sidecar.tcp],
            text=True,
            capture_output=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": str(ROOT / ".work/stubs")},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    policy = ROOT / "examples/pii/policy.yaml"
    with Sidecar(tmp_path / "run", "--policy", policy) as sidecar:
        lines = page("user:mia@acme.example")
        assert len(lines) == 100
        for line in lines:
            is_hers = line.split()[1] in ("S1", "D1")
            assert ("@example.com" in line) == is_hers and ("***" in line) != is_hers
        assert all("@example.com" in line for line in page("user:olga@acme.example"))
        assert all("***" in line for line in page("user:nobody@acme.example"))
        done = subprocess.run(
            [ROOT / ".build/release/verdict-pii-page", "user:mia@acme.example", sidecar.tcp],
            text=True,
            capture_output=True,
            timeout=60,
            check=True,
        )
        lines = done.stdout.splitlines()
        assert len(lines) == 100
        assert all(("@" in line) == line.startswith("S1 ") for line in lines)


def test_the_python_package_passes_its_own_tests(tmp_path):
    publish(tmp_path / "control", ROOT / "examples/acme")
    with Sidecar(tmp_path / "run", "--control", tmp_path / "control") as sidecar:
        for address in (sidecar.tcp, sidecar.unix):
            done = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
                text=True,
                capture_output=True,
                timeout=120,
                cwd=ROOT / "examples/python",
                env={
                    **os.environ,
                    "PYTHONPATH": f"{ROOT / '.work/stubs'}:{ROOT / 'examples/python'}",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "VERDICT_ADDRESS": address,
                },
            )
            assert done.returncode == 0, done.stdout + done.stderr
