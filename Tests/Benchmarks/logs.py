#!/usr/bin/env python3
"""What the decision log costs a unary call that is allowed, beside the transport floor.

All with metrics, -c16 -m32 over a Unix socket, one loop: without a log, with the default log, and
with a record for every decision. The CPU counted is the whole process's, that of the log's writer
included.

  --quick      a few calls of everything, to see that it works; its times mean nothing
  --runs N     of each, 5 if not given
  --json FILE  write the results there too
"""

import argparse
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Python"))

import api  # noqa: E402
import counts  # noqa: E402
import load  # noqa: E402
import messages  # noqa: E402
import world  # noqa: E402
from sidecar import VERDICT, Sidecar, publish  # noqa: E402

# (name, share of the allowed that has records, at most times the floor's CPU)
MODES = [("no log", None, None), ("default log", "0.01", 1.4), ("every decision", "1", 1.8)]


class LogCost:
    def __init__(self, directory, quick, runs):
        self.directory, self.quick = directory, quick
        self.runs = 1 if quick else runs
        policies = world.write(messages.organization(), directory / "policy" / "bench.json")
        publish(directory / "control", policies)
        self.figures = {}

    def arguments(self, name, share):
        admin = self.directory / f"{name}.sock"
        words = ["--control", self.directory / "control", "--admin", f"unix:{admin}"]
        if share is not None:
            words += ["--decision-log", self.path(name), "--log-allows", share]
        return words

    def path(self, name):
        return self.directory / f"{name}.jsonl"

    def add(self, name, value, unit, floor=None, target=None):
        ratio = value / floor if floor else None
        self.figures[name] = {"value": value, "unit": unit, "ratio": ratio, "target": target}
        beside = f", {ratio:.2f} times the floor's" if floor else ""
        wanted = f" (at most {target})" if target else ""
        print(f"  {name}: {value:,.4g} {unit}{beside}{wanted}", flush=True)

    def allowed(self, count):
        """A file of so many messages of one check that is allowed, all different as far as there
        are so many."""
        rng = random.Random(7)
        member = messages.member(7)
        defaults = {"organization": "bench", "principal": member, "workspace": messages.WORKSPACE}
        checks = messages.random_checks(rng, 2_000)
        with Sidecar(self.directory / "ask", *self.arguments("ask", None), loops=1) as sidecar:
            with api.Client(sidecar.unix) as client:
                found = client.plain(checks[:1_000], **defaults)
        chosen = [one for one, answer in zip(checks, found) if answer.effect == api.ALLOW]
        with open(self.directory / f"allowed-{count}", "wb") as file:
            for index in range(count):
                check = api.pb.Check(**chosen[index % len(chosen)])
                file.write(messages.framed(api.pb.AuthorizeRequest(checks=[check], **defaults)))
        return pathlib.Path(file.name)

    def times(self, file):
        """CPU per call in turns, medians."""
        one = self.directory / "one"
        size = int.from_bytes(file.read_bytes()[1:5], "big") + 5
        one.write_bytes(file.read_bytes()[:size])
        floor = load.Floor(f"unix:{self.directory}/floor.sock")
        targets = [load.Target("floor", floor.address, floor.pid)]
        servers = {}
        try:
            for name, share, _ in MODES:
                server = Sidecar(self.directory / name, *self.arguments(name, share), loops=1)
                servers[name] = server
                targets.append(load.Target(name, server.unix, server.pid))
            runs = {target.name: [] for target in targets}
            for target in targets:
                load.pin(target.pid, 0)
                self.once(target, one, 1_024)
            calls = 1_024 if self.quick else 300_000
            for _ in range(self.runs):
                for target in targets:
                    runs[target.name].append(self.once(target, one, calls).cpu)
        finally:
            floor.stop()
            for server in servers.values():
                server.stop()
        base = statistics.median(runs["floor"])
        self.add("floor: CPU per call", base, "us")
        for name, _, target in MODES:
            cpu = statistics.median(runs[name])
            self.add(f"{name}: CPU per call", cpu, "us", base, target)

    @staticmethod
    def once(target, body, calls):
        return load.h2load(target, api.AUTHORIZE, body, 16, 32, calls, cpu=1)

    def whole(self):
        """The logs of all that: nothing is missing but what they say is."""
        for name, share, _ in MODES:
            if share is None:
                continue
            words = [str(VERDICT), "log", "stats", "--json", str(self.path(name))]
            done = subprocess.run(words, capture_output=True, text=True)
            found = json.loads(done.stdout)
            if done.returncode != 0 or not found["closed"]:
                raise SystemExit(f"the log of `{name}` is not whole:\n{done.stderr}")
            self.add(f"{name}: records", found["records"], "records")
            self.add(f"{name}: records dropped", found["gap_records"], "records")

    def counted(self, file):
        """Counted, not timed: these repeat."""
        calls = 400 if self.quick else 2_000
        for name, share, _ in MODES:
            scratch = self.directory / f"counts {name}"
            scratch.mkdir()
            words = self.arguments(f"{name} counted", share)
            found = counts.allocations(
                scratch, api.AUTHORIZE, file, 20 * calls, *words, streams=32
            )
            own = counts.own_allocations(found)
            self.add(f"{name}: heap allocations of our own per call", own, "allocations")
            log = f"{name} instructions"
            number = counts.instructions_of(
                scratch, api.AUTHORIZE, file, calls, *self.arguments(log, share),
                clear=lambda log=log: self.path(log).unlink(missing_ok=True),
            )
            self.add(f"{name}: instructions per call", number, "instructions")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="verdict-logs-") as directory:
        bench = LogCost(pathlib.Path(directory), options.quick, options.runs)
        file = bench.allowed(1_000)
        bench.times(file)
        bench.whole()
        bench.counted(file)
    if options.json:
        options.json.write_text(json.dumps(bench.figures, indent=1) + "\n")
    over = [
        name
        for name, one in bench.figures.items()
        if one["target"] and one["ratio"] and one["ratio"] > one["target"]
    ]
    if over and not options.quick:
        raise SystemExit(f"above what is aimed at: {', '.join(over)}")


main()
