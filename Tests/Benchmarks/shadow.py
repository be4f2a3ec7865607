#!/usr/bin/env python3
"""What does it cost to compare a share of the live requests with a staged set? `make bench-shadow`
builds what this needs.

Counted: instructions per unary call of the whole process, without --shadow, at 1% and at 100%.
Measured: calls a second at full load without and at 1%, in interleaved pairs. At 1% neither may
cost more than 5%.

  --quick     few calls, and no times
  --pairs N   5 if not given
"""

import argparse
import json
import pathlib
import statistics
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Python"))

import counts  # noqa: E402
import load  # noqa: E402
import messages  # noqa: E402
import world  # noqa: E402
from api import AUTHORIZE  # noqa: E402
from sidecar import VERDICT, Sidecar, verdict, wait_until  # noqa: E402

COST_MAX = 0.05
SHARES = [None, "1%", "100%"]


def site(directory):
    """A control directory with a set, and one staged that decides some checks otherwise."""
    document = messages.organization()
    path = world.write(document, directory / "bench.json")
    control = directory / "control"
    verdict("publish", path, "--control", control)
    policies = document["workspaces"][messages.WORKSPACE]["policies"]
    policies["groups"].pop("group-3")
    world.write(document, path)
    verdict("publish", path, "--control", control, "--staged")
    return control, messages.write_file(directory / "unary", 10_000, messages.unary)


def serve(directory, control, share, **words):
    flags = ["--shadow", share] if share else []
    return Sidecar(directory / "run", "--control", control, *flags, loops=1, **words)


def report(sidecar):
    done = verdict("shadow", "report", "--server", sidecar.unix, "--json", check=False)
    return json.loads(done.stdout)


def wait_until_staged(sidecar, share):
    if share:
        wait_until(lambda: report(sidecar)["staged_set"] == 2, "the staged set", 60)


def instructions(directory, control, file, share, calls):
    """Per call, of all threads: what compares is among them."""
    totals = []
    for number in (calls, 3 * calls):
        out = directory / f"callgrind.{(share or 'off').rstrip('%')}.{number}"
        before = [*counts.valgrind(out), counts.stripped(VERDICT, directory)]
        with serve(directory, control, share, before=before) as sidecar:
            wait_until_staged(sidecar, share)
            target = load.Target("verdict under callgrind", sidecar.unix, sidecar.pid)
            load.loadgen(target, AUTHORIZE, file, 1, 1, number)
            if share == "100%":
                wait_until(lambda: report(sidecar)["requests"] == number, "all compared", 60)
        totals.append(counts.collected(out))
    return (totals[1] - totals[0]) / (2 * calls)


def rate(directory, control, file, share, calls):
    """Calls a second at full load, and the server's CPU per call, whatever thread spends it."""
    with serve(directory, control, share) as sidecar:
        wait_until_staged(sidecar, share)
        target = load.Target("verdict", sidecar.unix, sidecar.pid)
        load.loadgen(target, AUTHORIZE, file, 16, 32, calls // 5)
        found = load.loadgen(target, AUTHORIZE, file, 16, 32, calls)
        if share:
            load.settle(sidecar.pid)
            compared = report(sidecar)
            sampled = compared["requests"] + compared["overflowed_requests"]
            assert 0.8 < sampled / (calls * 1.2 * 0.01) < 1.2, compared
        return found.calls_per_second, found.cpu


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="verdict-shadow-") as name:
        directory = pathlib.Path(name)
        control, file = site(directory)
        found = {}
        for share in SHARES:
            found[share] = instructions(
                directory, control, file, share, 500 if options.quick else 3_000
            )
            print(f"{share or 'without'}: {found[share]:,.0f} instructions per call", flush=True)
        cost = found["1%"] / found[None] - 1
        print(f"1% costs {cost:.2%}, may be {COST_MAX:.0%}", flush=True)
        if cost > COST_MAX:
            raise SystemExit("comparing 1% costs too much")
        if options.quick:
            return
        ratios, spent = [], []
        for number in range(options.pairs):
            order = SHARES[:2] if number % 2 else SHARES[1::-1]
            runs = {share: rate(directory, control, file, share, 300_000) for share in order}
            ratios.append(runs["1%"][0] / runs[None][0])
            spent.append(runs["1%"][1] / runs[None][1])
            print(
                f"  {runs[None][0]:,.0f} calls/s and {runs[None][1]:.2f} us of CPU without, "
                f"{runs['1%'][0]:,.0f} and {runs['1%'][1]:.2f} at 1%",
                flush=True,
            )
        ratio = statistics.median(ratios)
        print(
            f"throughput at 1%: {ratio:.3f} of that without, CPU per call "
            f"{statistics.median(spent):.3f} times as much"
        )
        if ratio < 1 - COST_MAX:
            raise SystemExit("comparing 1% costs more throughput than it may")


if __name__ == "__main__":
    main()
