"""Starting, logging and stopping."""

import json
import signal
import subprocess
import threading
import time

import grpc
import pytest

from api import ALLOW, Client, pb
from sidecar import VERDICT, Sidecar, publish, verdict
from world import MIA

REQUEST = pb.AuthorizeRequest(
    organization="acme",
    principal=MIA,
    workspace="prod",
    checks=[pb.Check(action="edit", resource="destination/D1")],
)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_exits_0(tmp_path, acme_document, sig):
    publish(tmp_path / "control", acme_document)
    sidecar = Sidecar(tmp_path / "run", "--control", tmp_path / "control")
    with Client(sidecar.tcp) as client:
        assert list(client.authorize(REQUEST).effects) == [ALLOW]
        assert sidecar.stop(sig) == 0
    assert not sidecar.socket.exists()


def test_no_call_that_was_taken_on_is_lost_when_the_server_stops(tmp_path, acme_document):
    publish(tmp_path / "control", acme_document)
    sidecar = Sidecar(tmp_path / "run", "--control", tmp_path / "control")
    wrong, answered, stopping = [], [], threading.Event()

    def ask(address):
        with Client(address) as client:
            while True:
                try:
                    if list(client.authorize(REQUEST).effects) != [ALLOW]:
                        wrong.append("wrong answer")
                    answered.append(1)
                except grpc.RpcError as error:
                    if not stopping.is_set() or error.code() != grpc.StatusCode.UNAVAILABLE:
                        wrong.append(f"{error.code()} {error.details()}")
                    return

    threads = [
        threading.Thread(target=ask, args=(address,)) for address in [sidecar.tcp, sidecar.unix] * 8
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    stopping.set()
    assert sidecar.stop() == 0
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(answered) > len(threads)


def test_the_log_is_json_and_nothing_else_is_written(tmp_path, acme_document):
    publish(tmp_path / "control", acme_document)
    sidecar = Sidecar(tmp_path / "run", "--control", tmp_path / "control")
    assert sidecar.stop() == 0
    records = sidecar.records()
    assert all({"level", "message"} <= record.keys() for record in records)
    secret = json.loads(acme_document.read_text())["tokens"]["service"][0]["secret_sha256"]
    assert not any(secret in line for line in sidecar.log)


def test_a_taken_address_is_an_error_that_names_it(acme, acme_document):
    done = verdict("serve", "--policy", acme_document, "--listen", acme.tcp, check=False)
    assert done.returncode == 1
    assert str(acme.port) in done.stderr


def test_a_socket_left_behind_by_a_crash_is_taken_over(tmp_path, acme_document):
    publish(tmp_path / "control", acme_document)
    first = Sidecar(tmp_path / "run", "--control", tmp_path / "control")
    first.stop(signal.SIGKILL)
    assert first.socket.exists()
    with Sidecar(tmp_path / "run", "--control", tmp_path / "control") as second:
        with Client(second.unix) as client:
            assert list(client.authorize(REQUEST).effects) == [ALLOW]


def test_a_snapshot_is_the_same_bytes_each_time(tmp_path, acme_document):
    files = [tmp_path / "one.snapshot", tmp_path / "two.snapshot"]
    for file in files:
        verdict("compile", acme_document, "--output", file)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert "acme" in verdict("inspect", files[0]).stdout


def test_a_mistake_in_a_document_is_told_with_its_place(tmp_path, acme_document):
    document = acme_document.read_text().replace('"prod"', '"prod", "elsewhere"', 1)
    bad = tmp_path / "bad.json"
    bad.write_text(document)
    done = verdict("compile", bad, "--output", tmp_path / "out.snapshot", check=False)
    line = next(i for i, text in enumerate(document.splitlines(), 1) if "elsewhere" in text)
    assert done.returncode == 1
    assert f"bad.json:{line}:" in done.stderr and "elsewhere" in done.stderr
    assert not (tmp_path / "out.snapshot").exists()


def test_the_version_is_that_of_the_running_server(acme):
    with Client(acme.tcp) as client:
        assert client.info().version in verdict("version").stdout


def test_a_log_that_nobody_reads_any_more_does_not_stop_a_clean_end(tmp_path, acme_document):
    """Standard error closes when a supervisor dies."""
    process = subprocess.Popen(
        [str(VERDICT), "serve", "--policy", str(acme_document), "--unix", str(tmp_path / "s")],
        stderr=subprocess.PIPE,
    )
    process.stderr.readline()
    process.stderr.close()
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
