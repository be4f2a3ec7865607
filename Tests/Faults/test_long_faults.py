"""Faults at length: every byte, every system call, thousands of sets."""

import os
import random
import shutil
import signal
import threading
import time

import pytest

from api import ALLOW, DENY, Client
from control import LOADED, STALE, Site, effect, status, wait_for_number
from killing import publisher_survives, traced
from sidecar import verdict
from supervisor import Notifications


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def flips(site, choose, padding=0):
    """Serve a set whose snapshot has one bit flipped at each place that `choose` gives: it never
    gets into force. The same set without a flip does, at the end."""
    rng = random.Random(1)
    site.publish(False, padding=padding)
    arrived = site.next("flipped", padding=padding)
    content = bytearray(arrived.blob(arrived.snapshots()["acme"]["digest"]).read_bytes())
    target = site.layout.blob(arrived.snapshots()["acme"]["digest"])
    for blob in (arrived.path / "blobs/sha256").iterdir():
        shutil.copy(blob, site.layout.blob(blob.name))
    name = str(site.directory / "notify")
    with (
        Notifications(name) as heard,
        site.serve(state=False, environment={"NOTIFY_SOCKET": name}) as sidecar,
        Client(sidecar.unix) as client,
    ):
        heard.wait("READY=1")
        before = status(client).set_digest
        counted = site.pages.metric("verdict_set_failures_total", cause="blob")
        places = choose(len(content), rng)
        for count, place in enumerate(places):
            bit = 1 << rng.randrange(8)
            content[place] ^= bit
            target.write_bytes(content)
            content[place] ^= bit
            if count == 0:
                site.layout.write_index(arrived.index_path.read_bytes())
            look(sidecar, heard)
            now = status(client)
            assert now.state == STALE and now.last_failure_cause == "blob", place
            assert now.set_digest == before and effect(client) == DENY, place
        target.write_bytes(content)
        look(sidecar, heard)
        assert status(client).state == LOADED and effect(client) == ALLOW
        refusals = site.pages.metric("verdict_set_failures_total", cause="blob") - counted
        assert refusals >= len(places)
        print(f"{len(places)} flips of {len(content)} bytes, all refused")


def look(sidecar, heard):
    """Have the server look at its directory, and wait until it has."""
    sidecar.process.send_signal(signal.SIGHUP)
    heard.wait("RELOADING")
    heard.wait("READY")


def test_every_byte_of_a_small_snapshot(site):
    flips(site, lambda count, rng: range(count))


def test_sampled_bytes_of_a_large_snapshot(site):
    flips(site, lambda count, rng: rng.sample(range(count), 300), padding=100_000)


def test_a_publisher_is_killed_at_every_system_call(site, tmp_path):
    site.publish(False)
    site.write(True)
    copy = tmp_path / "traced"
    site.layout.copy(copy)
    words = [site.policies, "--control", copy, "--key", f"{site.key}.key"]
    calls = traced(tmp_path / "strace", "publish", *words)
    # The first `execve` is that of strace.
    calls.pop("execve")
    calls.pop("exit_group")
    points = [(call, n + 1) for call, count in sorted(calls.items()) for n in range(count)]
    killed, renewed = publisher_survives(site, tmp_path, points)
    print(f"{len(points)} system calls, killed at {killed}, the new set was there {renewed} times")
    assert killed > len(points) * 0.9 and renewed > 0


def test_a_server_is_killed_at_any_time(site):
    rng = random.Random(3)
    site.publish(False)
    highest = 0
    stop = threading.Event()

    def publish():
        while not stop.is_set():
            verdict("publish", "--refresh", "--control", site.control, "--key", f"{site.key}.key")

    publisher = threading.Thread(target=publish)
    publisher.start()
    try:
        for _ in range(100):
            with site.serve() as sidecar, Client(sidecar.unix) as client:
                found = client.info().set_number
                assert found >= highest > -1
                highest = found
                time.sleep(rng.random() * 0.2)
                highest = max(highest, client.info().set_number)
                assert effect(client) == DENY
                sidecar.process.send_signal(signal.SIGKILL)
    finally:
        stop.set()
        publisher.join()


def test_ten_thousand_publishes_in_a_row(site):
    """The server keeps up, its memory and descriptors stay, and collecting keeps the directory
    small."""
    site.publish(False)
    flags = ["--key", f"{site.key}.key"]
    with site.serve(state=False) as sidecar, Client(sidecar.unix) as client:
        sizes = {}
        for number in range(2, 10_001):
            verdict("publish", "--refresh", "--control", site.control, *flags)
            if number in (500, 10_000):
                wait_for_number(client, number, 30)
                sizes[number] = sidecar.resident_bytes()
                descriptors = len(os.listdir(f"/proc/{sidecar.pid}/fd"))
                sizes[-number] = descriptors
            if number % 1_000 == 0:
                verdict("gc", "--control", site.control, "--grace", "1s")
        assert client.info().set_number == 10_000 and status(client).state == LOADED
        assert sizes[10_000] < sizes[500] * 1.05 + (1 << 20)
        assert sizes[-10_000] == sizes[-500]
        assert not [r for r in sidecar.records() if r["level"] == "error"]
        print(
            f"resident after 500 publishes {sizes[500]}, after 10,000 {sizes[10_000]}; "
            f"descriptors {sizes[-500]} and {sizes[-10_000]}"
        )
    refs = site.layout.index()["manifests"]
    assert len(refs) == 51


def test_memory_after_a_thousand_swaps_is_that_after_ten(site):
    """Every set has another snapshot of some size."""
    site.publish(False, padding=20_000)
    site.publish(True, padding=20_000)
    # Two contents in turn: rolling back makes a new set of each, quickly.
    with site.serve(state=False) as sidecar, Client(sidecar.unix) as client:
        wait_for_number(client, 2)
        sizes = []
        for number in range(3, 1_003):
            verdict(
                "rollback", "--to", number - 2, "--reason", "a swap", "--control", site.control,
                "--key", f"{site.key}.key",
            )
            wait_for_number(client, number, 30)
            if number in (12, 1_002):
                sizes.append(sidecar.resident_bytes())
        assert effect(client) == ALLOW
        print(f"resident after 10 swaps {sizes[0]}, after 1,000 {sizes[1]}")
        assert sizes[1] < sizes[0] * 1.05
