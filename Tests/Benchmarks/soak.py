#!/usr/bin/env python3
"""Ten minutes of clients that come and go, and of others that misbehave; `make soak`.

Well-behaved clients ask at 70% of what the server can do, over connections of which new ones open
and old ones close all the time. Others send garbage, stop in the middle, give up, read nothing,
send what is too large, or connect and leave. The server's memory and descriptors have to stay where
they are, and no call of the well-behaved may fail.

  --seconds N  600 if not given; a run of a few seconds shows that it works, and judges the errors
  and the
               descriptors alone
"""

import argparse
import os
import pathlib
import random
import socket
import statistics
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Python"))

import api  # noqa: E402
import load  # noqa: E402
import messages  # noqa: E402
import world  # noqa: E402
from peer import PREFACE, Peer, framed  # noqa: E402
from sidecar import Sidecar, publish, wait_until  # noqa: E402

SHARE = 0.7
# Below this a run is too short to tell a slope from the first warming up.
JUDGED_SECONDS = 60
GROWTH_MAX = 1.05
GROWTH_BYTES_MAX = 4 << 20

HEADERS = [
    (":method", "POST"),
    (":scheme", "http"),
    (":path", api.AUTHORIZE),
    (":authority", "localhost"),
    ("content-type", "application/grpc"),
    ("te", "trailers"),
]


# MARK: Who misbehaves; each is given an address and a random generator, and returns soon.


def connect_and_leave(address, rng):
    Peer(address).socket.close()


def garbage(address, rng):
    with Peer(address) as peer:
        peer.send(rng.randbytes(rng.randrange(1, 5_000)))
        peer.until_closed()


def stop_in_the_middle(address, rng):
    with Peer(address) as peer:
        for _ in range(rng.randrange(1, 50)):
            _, content = peer.request_bytes(HEADERS, framed(b"x" * 3_000)[:-5], end=False)
            peer.send(content)


def give_up(address, rng):
    """Batches that nobody waits for."""
    request = messages.batch(rng, 5_000)
    with api.Client(address) as client:
        for future in [client.stub.Authorize.future(request) for _ in range(4)]:
            time.sleep(rng.random() / 200)
            future.cancel()


def read_nothing(address, rng):
    with Peer(address) as peer:
        body = framed(messages.batch(rng, 1_000).SerializeToString())
        peer.send(b"".join(peer.request_bytes(HEADERS, body[i : i + 16_000], end=False)[1]
                           for i in range(0, len(body), 16_000)))
        time.sleep(rng.random() / 5)


def too_large(address, rng):
    with Peer(address) as peer:
        outcome = peer.request(HEADERS, framed(b"", length=1 << 31), end=False)
        assert outcome.grpc_status == 8, outcome


def unreadable(address, rng):
    with Peer(address) as peer:
        for _ in range(20):
            outcome = peer.request(HEADERS, framed(rng.randbytes(200)))
            assert outcome.grpc_status is not None, outcome


def half_a_preface(address, rng):
    with Peer(address) as peer:
        peer.socket.close()
    one = socket.create_connection(("127.0.0.1", int(address.rsplit(":", 1)[1])))
    one.sendall(PREFACE[: rng.randrange(len(PREFACE))])
    one.close()


MISBEHAVIOUR = [
    connect_and_leave,
    garbage,
    stop_in_the_middle,
    give_up,
    read_nothing,
    too_large,
    unreadable,
    half_a_preface,
]


class Crowd:
    """Threads that misbehave until the end, one deed after the other."""

    def __init__(self, address, count=2):
        self.stopping = threading.Event()
        self.deeds = dict.fromkeys([one.__name__ for one in MISBEHAVIOUR], 0)
        self.faults = []
        self.threads = [
            threading.Thread(target=self.run, args=(address, random.Random(seed)))
            for seed in range(count)
        ]

    def run(self, address, rng):
        while not self.stopping.wait(rng.random() / 20):
            deed = rng.choice(MISBEHAVIOUR)
            try:
                deed(address, rng)
            except (OSError, socket.timeout):
                pass  # the server has hung up, as it may
            except Exception as fault:
                self.faults.append(f"{deed.__name__}: {fault!r}")
            self.deeds[deed.__name__] += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


# MARK: The run


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def well_behaved(target, file, rate, seconds, rng):
    """One client's visit: some connections, some calls, and gone."""
    connections = rng.choice([1, 2, 4, 8, 16])
    return load.loadgen(
        target, api.AUTHORIZE, file, connections, 256 // connections, int(rate * seconds), rate=rate
    )


def soak(sidecar, files, seconds, rate):
    rng = random.Random(7)
    targets = [
        load.Target(name, address, sidecar.pid)
        for name, address in (("tcp", sidecar.tcp), ("unix", sidecar.unix))
    ]
    resident, answered, late = [], 0, []
    end = time.monotonic() + seconds
    with Crowd(sidecar.tcp) as crowd:
        while time.monotonic() < end:
            visit = min(rng.uniform(0.5, 5), max(0.5, end - time.monotonic()))
            run = well_behaved(rng.choice(targets), files[0], rate, visit, rng)
            answered += int(rate * visit)
            late.append(run.p99)
            if rng.random() < 0.3:
                load.loadgen(rng.choice(targets), api.AUTHORIZE, files[1], 2, 2, 100)
            resident.append(sidecar.resident_bytes())
    print(f"  {answered:,} calls were answered, none failed; median p99 {statistics.median(late):,.0f} us")
    print(f"  misbehaved: {crowd.deeds}")
    if crowd.faults:
        raise SystemExit(f"unexpected answers: {crowd.faults[:5]}")
    return resident


def judge(sidecar, resident, before, seconds):
    # Nobody is connected any more.
    wait_until(lambda: descriptors(sidecar.pid) <= before, "descriptors are as many as before", 40)
    print(f"  descriptors: {before} before, {descriptors(sidecar.pid)} after")
    third = max(1, len(resident) // 3)
    early, late = (statistics.median(part) for part in (resident[:third], resident[-third:]))
    print(f"  resident memory: {early / 1e6:.1f} MB in the first third, {late / 1e6:.1f} MB in the last")
    if seconds >= JUDGED_SECONDS and late > max(early * GROWTH_MAX, early + GROWTH_BYTES_MAX):
        raise SystemExit("memory grows")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="verdict-soak-") as name:
        directory = pathlib.Path(name)
        world.write(messages.organization(), directory / "policy" / "bench.json")
        publish(directory / "control", directory / "policy")
        files = [
            messages.write_file(directory / "unary", 20_000, messages.unary),
            messages.write_file(directory / "batches", 40, messages.batch, 5_000),
        ]
        with Sidecar(directory / "run", "--control", directory / "control", loops=2) as sidecar:
            before = descriptors(sidecar.pid)
            target = load.Target("tcp", sidecar.tcp, sidecar.pid)
            load.loadgen(target, api.AUTHORIZE, files[0], 16, 32, 30_000)
            fastest = load.loadgen(target, api.AUTHORIZE, files[0], 16, 32, 60_000)
            rate = fastest.calls_per_second * SHARE
            print(f"soak: {options.seconds:.0f} s at {rate:,.0f} calls/s", flush=True)
            resident = soak(sidecar, files, options.seconds, rate)
            judge(sidecar, resident, before, options.seconds)
            assert sidecar.stop() == 0


if __name__ == "__main__":
    main()
