#!/usr/bin/env python3
"""Does a swap of policies disturb those who ask? `make bench-swap` builds what this needs.

Half of what the server can do is asked of it, at even times, while new sets come into force: ten a
second with 10,000 members, one every two seconds with a million. Beside each such run stands one in
which another process loads the very same sets, so that the machine has the same to do, and the
server asked stays with what it has. No call may fail, and the p99 may be 1.5 times the other's at
most, as the median of interleaved pairs. A publication, from the new pointer until no loop uses the
old set, may take a millisecond at most, as the median of all under load.

  --quick       one short pair of a small organization, to see that it works; nothing is judged
  --sizes ...   profiles of `verdict generate`: large (10,000 members) and million
  --pairs N     5 if not given
  --sets DIR    keep the sets there, or use those that are there
  --prepare     only make them
"""

import argparse
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Python"))

import api  # noqa: E402
import load  # noqa: E402
import messages  # noqa: E402
from api import pb  # noqa: E402
from sidecar import VERDICT, Sidecar, publish, wait_until  # noqa: E402

RATIO_MAX = 1.5
PUBLICATION_MICROSECONDS_MAX = 1_000
# By profile: members and resources, workspaces, seconds between swaps, swaps of a run.
PROFILES = {
    "small": (100, 2, 0.2, 4),
    "large": (10_000, 10, 0.1, 40),
    "million": (1_000_000, 100, 2.0, 2),
}
KINDS = [
    "event_stream_source",
    "destination",
    "table",
    "sql_model",
    "audience",
    "transformation",
    "tracking_plan",
]


def question(rng, count, workspaces):
    """One check of a random member and resource, as `verdict generate` names them."""
    resource = rng.randrange(count // workspaces // 10) * 10 + rng.randrange(len(KINDS))
    workspace = rng.randrange(workspaces)
    kind = KINDS[resource % 10]
    return pb.AuthorizeRequest(
        principal=f"m{rng.randrange(count):023d}",
        workspace=f"workspace-{workspace}",
        checks=[
            pb.Check(action="edit", resource=f"{kind}/r{resource * workspaces + workspace:011d}")
        ],
    )


class Sets:
    """A control directory with many sets of two documents in turn, and its index after each."""

    def __init__(self, directory, profile):
        self.count, self.workspaces, self.pause, self.swaps = PROFILES[profile]
        self.directory = directory
        self.control = directory / "control"
        self.messages = directory / "messages"
        if self.messages.exists():
            self.indexes = [
                (directory / f"index.{number}").read_bytes() for number in range(self.swaps + 1)
            ]
            return
        directory.mkdir(parents=True, exist_ok=True)
        documents = []
        for seed in (1, 2):
            documents.append(directory / f"{seed}.yaml")
            with open(documents[-1], "wb") as file:
                command = [VERDICT, "generate", "--profile", profile, "--seed", str(seed)]
                subprocess.run(command, stdout=file, check=True)
        self.indexes = []
        for number in range(self.swaps + 1):
            publish(self.control, documents[number % 2])
            self.indexes.append((self.control / "index.json").read_bytes())
            (directory / f"index.{number}").write_bytes(self.indexes[-1])
        for document in documents:
            document.unlink()
        messages.write_file(
            self.messages, 50_000, question, self.count, self.workspaces
        )

    def copy(self, name):
        """A control directory that is at the first set."""
        target = self.directory / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.control, target, copy_function=os.link)
        self.put(target, 0)
        return target

    def put(self, target, number):
        half = target / ".index.json.half"
        half.write_bytes(self.indexes[number])
        half.rename(target / "index.json")

    def swap(self, target, stopping):
        """Brings one set after the other into force."""
        for number in range(1, self.swaps + 1):
            if stopping.wait(self.pause):
                return
            self.put(target, number)


def activations(sidecar):
    return sum(record["message"] == "policies active" for record in sidecar.records())


def publications(sidecar):
    """How long each took, in microseconds, but for the first: nobody asked yet."""
    said = [record for record in sidecar.records() if record["message"] == "policies active"]
    return [int(record["publication_us"]) for record in said[1:]]


def pin_loops(sidecar):
    """The event loop to one CPU; what loads policies may run on both."""
    for task in sidecar.threads():
        name = pathlib.Path(f"/proc/{sidecar.pid}/task/{task}/comm").read_text()
        if name.startswith("verdict-loop"):
            os.sched_setaffinity(task, {0})


def run(sets, rate, seconds, swaps_asked):
    """One run: the sets come into force in the server that is asked, or in another one."""
    asked, beside = sets.copy("asked"), sets.copy("beside")
    with (
        Sidecar(sets.directory / "a", "--control", asked, loops=1) as server,
        Sidecar(sets.directory / "b", "--control", beside, loops=1) as other,
    ):
        pin_loops(server)
        target = load.Target("verdict", server.unix, server.pid)
        load.loadgen(target, api.AUTHORIZE, sets.messages, 16, 32, 50_000, cpu=1)
        stopping = threading.Event()
        swapping = threading.Thread(
            target=sets.swap, args=(asked if swaps_asked else beside, stopping)
        )
        swapping.start()
        try:
            result = load.loadgen(
                target, api.AUTHORIZE, sets.messages, 16, 32, int(rate * seconds), cpu=1, rate=rate
            )
        finally:
            stopping.set()
            swapping.join()
        swapped = server if swaps_asked else other
        # Hints come in swarms, so a set may be passed over; most may not.
        wait_until(lambda: activations(swapped) > sets.swaps // 2, "the sets came into force")
        assert activations(other if swaps_asked else server) == 1
        return result, publications(server)


def fastest(sets):
    """Calls a second that the server can do."""
    with Sidecar(sets.directory / "a", "--control", sets.copy("asked"), loops=1) as server:
        pin_loops(server)
        target = load.Target("verdict", server.unix, server.pid)
        for calls in (50_000, 200_000):
            rate = load.loadgen(
                target, api.AUTHORIZE, sets.messages, 16, 32, calls, cpu=1
            ).calls_per_second
        return rate


def compare(profile, pairs, kept):
    with tempfile.TemporaryDirectory(prefix="verdict-swaps-") as directory:
        sets = Sets((kept or pathlib.Path(directory)) / profile, profile)
        print(f"{profile}: {sets.swaps} swaps, one every {sets.pause} s", flush=True)
        rate = fastest(sets) / 2
        seconds = sets.pause * (sets.swaps + 1)
        ratios, times = [], []
        for number in range(pairs):
            order = [True, False] if number % 2 else [False, True]
            runs = {swaps: run(sets, rate, seconds, swaps) for swaps in order}
            found = {swaps: result for swaps, (result, _) in runs.items()}
            times += runs[True][1]
            ratios.append(found[True].p99 / found[False].p99)
            print(
                f"  at {rate:,.0f} calls/s: p99 {found[True].p99:,.0f} us with swaps, "
                f"{found[False].p99:,.0f} us with the same work elsewhere, no call failed",
                flush=True,
            )
        ratio = statistics.median(ratios)
        print(f"  median ratio {ratio:.2f}, may be {RATIO_MAX}", flush=True)
        median = statistics.median(times)
        print(
            f"  {len(times)} publications under load: median {median:,.0f} us, may be "
            f"{PUBLICATION_MICROSECONDS_MAX}; longest {max(times):,} us",
            flush=True,
        )
        return ratio, median


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--sizes", nargs="+", choices=PROFILES, default=["large", "million"])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--sets", type=pathlib.Path)
    parser.add_argument("--prepare", action="store_true")
    options = parser.parse_args()
    if options.prepare:
        for profile in options.sizes:
            Sets(options.sets / profile, profile)
        return
    if options.quick:
        compare("small", 1, None)
        return
    found = [compare(profile, options.pairs, options.sets) for profile in options.sizes]
    ratio, median = (max(one) for one in zip(*found))
    if ratio > RATIO_MAX:
        raise SystemExit(f"a swap makes the p99 {ratio:.2f} times as long")
    if median > PUBLICATION_MICROSECONDS_MAX:
        raise SystemExit(f"half of all publications take more than {median:,.0f} us")


if __name__ == "__main__":
    main()
