#!/usr/bin/env python3
"""Does one caller's load disturb another? `make bench-fair` builds what this needs.

One caller asks single checks at even times, far below what the server can do. Another sends batches
of 10,000 checks, several at once, without a pause. Runs without and with the batches alternate; the
p99 of the single checks may be a millisecond longer at most, as the median of the pairs.

What two processes cost each other on two CPUs is not the server's doing, so there is a third kind
of run, in which the batches go to another server: shown, not judged.

  --quick    one short round, to see that it works; nothing is judged
  --rounds N 5 if not given
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Python"))

import api  # noqa: E402
import load  # noqa: E402
import messages  # noqa: E402
import world  # noqa: E402
from sidecar import Sidecar, publish  # noqa: E402

MICROSECONDS_MAX = 1_000
RATE = 1_000
# Short ids make a batch that a loop decides in slices, long ones one that a worker unpacks.
BATCHES = ("in slices", "by workers")


def short_batch(rng, count):
    """A batch below 64 KiB: every id is short, and most are unknown."""
    checks = [
        {"action": "edit", "resource": f"destination/{rng.randrange(1_000)}"} for _ in range(count)
    ]
    return api.pb.AuthorizeRequest(
        organization="bench",
        principal=messages.member(rng.randrange(100)),
        workspace=messages.WORKSPACE,
        columns=api.columns(checks),
    )


class Others:
    """A client that sends batches until it is told to stop."""

    def __init__(self, target, file):
        command = [str(load.TOOLS / "loadgen"), target.loadgen, api.AUTHORIZE, str(file)]
        self.process = subprocess.Popen(
            # Callers are on machines of their own: this one takes what the other leaves of the CPU.
            ["nice", "-n", "19", "taskset", "-c", "1", *command, "1", "4", "10000000", "100"],
            stdout=subprocess.DEVNULL,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        assert self.process.poll() is None, "the batches have failed"
        self.process.kill()
        self.process.wait()


def single(target, file, seconds):
    return load.loadgen(
        target, api.AUTHORIZE, file, 1, 8, int(RATE * seconds), cpu=1, rate=RATE
    ).p99


def compare(directory, control, unary, batches, what, rounds, seconds):
    with (
        Sidecar(directory / "a", "--control", control, loops=1) as server,
        Sidecar(directory / "b", "--control", control, loops=1) as other,
    ):
        ours = load.Target("verdict", server.unix, server.pid)
        beside = load.Target("another verdict", other.unix, other.pid)
        for one in (server, other):
            load.pin(one.pid, 0)
        single(ours, unary, 0.3)
        times = {"alone": [], "with": [], "beside": []}
        for _ in range(rounds):
            times["alone"].append(single(ours, unary, seconds))
            with Others(ours, batches):
                times["with"].append(single(ours, unary, seconds))
            with Others(beside, batches):
                times["beside"].append(single(ours, unary, seconds))
    medians = {name: statistics.median(found) for name, found in times.items()}
    moved = statistics.median(b - a for a, b in zip(times["alone"], times["with"]))
    print(
        f"batches {what}: p99 of single checks {medians['alone']:,.0f} us alone, "
        f"{medians['with']:,.0f} us beside batches, {medians['beside']:,.0f} us where those ask "
        f"another server; moved by {moved:,.0f} us, may be {MICROSECONDS_MAX:,}",
        flush=True,
    )
    return moved


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rounds, seconds = (1, 0.3) if options.quick else (options.rounds, 2)
    with tempfile.TemporaryDirectory(prefix="verdict-fairness-") as name:
        directory = pathlib.Path(name)
        world.write(messages.organization(), directory / "policy" / "bench.json")
        control = directory / "control"
        publish(control, directory / "policy")
        unary = messages.write_file(directory / "unary", 5_000, messages.unary)
        files = {
            "in slices": messages.write_file(directory / "short", 20, short_batch, 10_000),
            "by workers": messages.write_file(directory / "long", 20, messages.batch, 10_000),
        }
        sizes = {what: file.stat().st_size // 20 for what, file in files.items()}
        assert sizes["in slices"] < 64 << 10 < sizes["by workers"], sizes
        moved = [
            compare(directory, control, unary, files[what], what, rounds, seconds)
            for what in BATCHES
        ]
    if not options.quick and max(moved) > MICROSECONDS_MAX:
        raise SystemExit("one caller's batches disturb another's checks")


if __name__ == "__main__":
    main()
