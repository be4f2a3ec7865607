"""`verdict config`, and `serve` with settings from a file and from the environment."""

import os
import subprocess

import pytest
from sidecar import VERDICT, Sidecar, publish, verdict

ACME = "examples/acme/acme.yaml"


def run(*arguments, environment=None):
    return subprocess.run(
        [str(VERDICT), *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, **(environment or {})},
    )


@pytest.fixture
def control(tmp_path):
    publish(tmp_path / "control", ACME)
    return tmp_path / "control"


def test_a_sidecar_runs_by_its_file_and_environment(tmp_path, control):
    socket = tmp_path / "named.sock"
    file = tmp_path / "verdict.yaml"
    file.write_text(
        f"control: {control}\n"
        "log_level: debug\n"
        "listeners:\n"
        "  named:\n"
        f"    address: unix:{socket}\n"
        "    inspection: off\n"
        "    unix_mode: 0660\n"
    )
    with Sidecar(
        tmp_path, "--config", file, environment={"VERDICT_DRAIN_TIMEOUT": "3"}
    ) as sidecar:
        listening = {one["address"]: one for one in sidecar.records() if "inspection" in one}
        assert listening[f"unix:{socket}"]["inspection"] == "off"
        assert socket.stat().st_mode & 0o777 == 0o660
        assert len(listening) == 3
        question = ["--principal", "user:ada", "--action", "view"]
        done = verdict("check", "--server", f"unix:{socket}", *question, check=False)
        assert done.returncode in (0, 2, 3), done.stderr


def test_check_says_what_is_wrong_with_its_place(tmp_path):
    file = tmp_path / "verdict.yaml"
    file.write_text("control: /x\nlops: 3\nlisteners:\n  a: {adress: ':1'}\n")
    done = run("config", "check", "--config", str(file))
    assert done.returncode == 64 and done.stdout == ""
    assert f"{file}:2:1: unknown key `lops` in the file, did you mean `loops`?" in done.stderr
    assert f"{file}:4:7: unknown key `adress` in listeners.a" in done.stderr
    file.write_text("control: /x\n")
    assert run("config", "check", "--config", str(file)).returncode == 0
    done = run("config", "check", "--config", str(file), environment={"VERDICT_LOPS": "1"})
    assert done.returncode == 64 and "did you mean `VERDICT_LOOPS`?" in done.stderr


def test_print_tells_origins_and_is_itself_a_file_of_settings(tmp_path):
    file = tmp_path / "verdict.yaml"
    file.write_text("control: /x\nloops: 3\nallow_caller: [uid:1, uid:2]\n")
    environment = {"VERDICT_LOOPS": "4", "VERDICT_CONFIG": str(file)}
    done = run("config", "print", "--drain-timeout", "9", environment=environment)
    assert done.returncode == 0, done.stderr
    assert "loops: 4  # VERDICT_LOOPS\n" in done.stdout
    assert "drain_timeout: 9  # --drain-timeout\n" in done.stdout
    assert f"control: /x  # {file}:1:1\n" in done.stdout
    assert "log_level: info  # default\n" in done.stdout
    again = tmp_path / "again.yaml"
    again.write_text(done.stdout)

    def values(text):
        lines = [line.split("  #")[0] for line in text.splitlines()]
        return [line for line in lines if not line.startswith("#")]

    second = run("config", "print", "--config", str(again))
    assert values(second.stdout) == values(done.stdout)
