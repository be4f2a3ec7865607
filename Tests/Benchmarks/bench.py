#!/usr/bin/env python3
"""Measure Verdict beside the transport floor, in one run; `make bench` builds what this needs.

Every comparison alternates between the two servers, and what is quoted are medians and their
ratios: times on shared machines drift by a third, ratios by a few percent, counts not at all.

  --quick       a few calls of everything, to see that it works; its times mean nothing
  --only WORDS  sections to run: unary rival batches streams pages tls counts process
  --runs N      of each, 5 if not given
  --json FILE   write the results there too
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Python"))

import api  # noqa: E402
import certificates  # noqa: E402
import counts  # noqa: E402
import load  # noqa: E402
import messages  # noqa: E402
import world  # noqa: E402
from sidecar import VERDICT, Sidecar, publish, verdict  # noqa: E402

AUTHORIZE = api.AUTHORIZE
AUTHORIZE_STREAM = "/verdict.v1.DecisionService/AuthorizeStream"
VISIBILITY = "/verdict.v1.DecisionService/CheckVisibility"
BENCH = ROOT / ".build/release/verdict-bench"
SECTIONS = ["unary", "rival", "batches", "streams", "pages", "tls", "counts", "process"]
MEASUREMENTS = ["text", "ids", "resolved", "edit", "lookups", "walk", "columns"]
SIZES = ["small", "large", "hundred-thousand", "million"]
TARGETS_IN_PROCESS = {
    "compile.million": "<= 3000",
    "size.million.entry": "<= 65",
    "load.million": "<= 3",
    "decide.acme.ids": "<= 60",
    "decide.acme.resolved": "<= 40",
    "decide.million.ids": "<= 300",
    "decide.million.resolved": "<= 300",
    "decide.million.columns": "<= 150",
    "decide.million.principal": "<= 60",
    "decide.million.hot.20, times that of a hundred": "<= 1.3",
    "decide.million.hot.50, times that of a hundred": "<= 1.3",
    "decide.million.hot.100, times that of a hundred": "<= 1.3",
}

# (name, connections, streams, CPU of the server, CPU of the client)
UNARY_MODES = [
    ("-c1 -m1, same CPU", 1, 1, 0, 0),
    ("-c1 -m1, across CPUs", 1, 1, 0, 1),
    ("-c16 -m32", 16, 32, 0, 1),
]


class Report:
    """Prints as it goes and keeps every figure for the final table."""

    def __init__(self):
        self.figures = []

    def add(self, name, value, unit, floor=None, target=""):
        ratio = value / floor if floor else None
        self.figures.append(
            {
                "name": name,
                "value": value,
                "unit": unit,
                "floor": floor,
                "ratio": ratio,
                "target": target,
            }
        )
        beside = f"  (floor {floor:,.4g}, ratio {ratio:.2f})" if floor else ""
        print(f"  {name}: {value:,.4g} {unit}{beside}", flush=True)

    def table(self):
        head = ("what", "Verdict", "unit", "floor", "ratio", "target")
        rows = [head] + [
            (
                one["name"],
                f"{one['value']:,.4g}",
                one["unit"],
                f"{one['floor']:,.4g}" if one["floor"] else "",
                f"{one['ratio']:.2f}" if one["ratio"] else "",
                one["target"],
            )
            for one in self.figures
        ]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


class Bench:
    """One organization, one Verdict with one loop, two floors, and the sections."""

    def __init__(self, directory, options):
        self.directory, self.quick = directory, options.quick
        self.runs = 1 if options.quick else options.runs
        self.report = Report()
        self.policies = world.write(messages.organization(), directory / "policy" / "bench.json")
        self.control = directory / "control"
        publish(self.control, self.policies)
        self.unary_file = self.file("unary", 1_000, messages.unary)
        self.body = self.file("one", 1, messages.unary)

    def file(self, name, count, make, *arguments):
        return messages.write_file(
            self.directory / name, min(count, 20) if self.quick else count, make, *arguments
        )

    def calls(self, full, quick=64):
        return quick if self.quick else full

    def servers(self):
        """(transport, floor, verdict) for each transport; call `stop` afterwards."""
        self.verdict = Sidecar(self.directory / "run", "--control", self.control, loops=1)
        self.floors = [load.Floor("tcp:0"), load.Floor(f"unix:{self.directory}/floor.sock")]
        ours = [self.verdict.tcp, self.verdict.unix]
        self.targets = [
            (
                name,
                load.Target("floor", floor.address, floor.pid),
                load.Target("verdict", address, self.verdict.pid),
            )
            for name, floor, address in zip(("TCP", "Unix"), self.floors, ours)
        ]

    def stop(self):
        for floor in self.floors:
            floor.stop()
        self.verdict.stop()

    def prove(self):
        """The answers first: both forms agree, and both effects come up."""
        import random

        checks = messages.random_checks(random.Random(1), 1_000)
        defaults = {"organization": "bench", "principal": messages.member(7), "workspace": "prod"}
        with api.Client(self.verdict.tcp) as client:
            plain, packed = client.plain(checks, **defaults), client.columns(checks, **defaults)
        allowed = sum(one.effect == api.ALLOW for one in plain)
        denied = sum(one.effect == api.DENY for one in plain)
        if plain != packed or allowed + denied != len(checks) or min(allowed, denied) < 100:
            raise SystemExit(f"wrong answers: {allowed} allowed, {denied} denied of {len(checks)}")
        print(
            f"proved: 1,000 random checks give {allowed} allow, {denied} deny, alike in both forms"
        )

    def unary(self):
        """One check per call, the same again and again, beside the floor."""
        for transport, floor, ours in self.targets:
            for name, connections, streams, server_cpu, client_cpu in UNARY_MODES:
                pair = (floor, ours)
                for target in pair:
                    load.pin(target.pid, server_cpu)

                def once(target, calls):
                    return load.h2load(
                        target, AUTHORIZE, self.body, connections, streams, calls, client_cpu
                    )

                least = max(self.calls(400), connections * streams)
                calls = {}
                for target in pair:
                    rate = once(target, least).calls_per_second
                    if not self.quick:
                        rate = once(target, max(int(rate / 2), least)).calls_per_second
                    calls[target.name] = max(self.calls(int(rate * 1.5)), least)
                runs = {target.name: [] for target in pair}
                for _ in range(self.runs):
                    for target in pair:
                        runs[target.name].append(once(target, calls[target.name]))
                self.compare(f"{transport} {name}", runs, streams)

    def compare(self, name, runs, streams):
        def median(who, what):
            return statistics.median(getattr(run, what) for run in runs[who])

        def row(what, label, unit, target=""):
            self.report.add(
                f"{name}: {label}", median("verdict", what), unit, median("floor", what), target
            )

        row("calls_per_second", "calls", "1/s")
        row("p50", "p50", "us", "ratio <= 1.15" if "same CPU" in name else "")
        row("p99", "p99", "us")
        row("cpu", "server CPU per call", "us", "ratio <= 1.25" if streams > 1 else "")

    def differing(self, name, method, file, decisions, connections, streams, calls, target=""):
        """Differing messages over each transport, median of the runs."""
        for transport, _, ours in self.targets:
            load.pin(ours.pid, 0)

            def once():
                return load.loadgen(ours, method, file, connections, streams, calls, cpu=1)

            once()
            runs = [once() for _ in range(self.runs)]
            rate = statistics.median(run.calls_per_second for run in runs) * decisions
            cpu = statistics.median(run.cpu for run in runs) * 1_000 / decisions
            self.report.add(f"{transport} {name}", rate / 1e6, "M decisions/s", target=target)
            self.report.add(f"{transport} {name}: server CPU", cpu, "ns/decision")

    def batches(self):
        """Checks in columns, every message different."""
        self.differing(
            "unary, all different, -c16 -m32",
            AUTHORIZE,
            self.unary_file,
            1,
            16,
            32,
            self.calls(300_000, 1_024),
        )
        for count in (100, 1_000):
            for principals in (False, True):
                whose = "each its own principal" if principals else "one principal"
                file = self.file(
                    f"batch-{count}-{principals}",
                    100_000 // count * 4,
                    messages.batch,
                    count,
                    principals,
                )
                self.differing(
                    f"batches of {count:,}, {whose}",
                    AUTHORIZE,
                    file,
                    count,
                    4,
                    4,
                    self.calls(20_000_000 // count, 64),
                    ">= 10" if count == 1_000 and not principals else "",
                )

    def streams(self):
        """`AuthorizeStream`: batches of 100 in columns, all different, message after message."""
        count = 100
        file = self.file("batch-100-False", 4_000, messages.batch, count, False)
        for transport, _, ours in self.targets:
            self.stream(f"{transport} AuthorizeStream, batches of {count}", ours, file, count)
        file = self.file("example-100", 4_000, messages.example_batch, count)
        policy = ["--policy", ROOT / "examples/acme"]
        with Sidecar(self.directory / "example", *policy, loops=1) as example:
            for transport, address in (("TCP", example.tcp), ("Unix", example.unix)):
                ours = load.Target("verdict", address, example.pid)
                name = f"{transport} AuthorizeStream, batches of {count}, examples/acme"
                self.stream(name, ours, file, count)

    def stream(self, name, ours, file, count):
        load.pin(ours.pid, 0)
        length = 16 if self.quick else 2_000

        def once():
            calls = self.calls(64, 16)
            return load.loadgen(ours, AUTHORIZE_STREAM, file, 4, 4, calls, cpu=1, messages=length)

        once()
        runs = [once() for _ in range(self.runs)]
        decisions = count * length
        rate = statistics.median(run.calls_per_second for run in runs) * decisions
        cpu = statistics.median(run.cpu for run in runs) * 1_000 / decisions
        self.report.add(name, rate / 1e6, "M decisions/s", target=">= 12")
        self.report.add(f"{name}: server CPU", cpu, "ns/decision")

    def tls(self):
        """TLS 1.3 beside plaintext: what a call costs, and a connection with one call."""
        identity = certificates.Authority(self.directory / "authority").server()
        files = ("--tls-certificate", identity.certificate_path, "--tls-key", identity.key_path)
        with Sidecar(
            self.directory / "tls", "--control", self.control, *files, loops=1
        ) as secured:
            plain = self.targets[0][2]
            pair = (plain, load.Target("verdict under TLS", secured.tcp, secured.pid, True))
            for target in pair:
                load.pin(target.pid, 0)

            def medians(connections, streams, calls):
                runs = {target.name: [] for target in pair}
                for _ in range(self.runs):
                    for target in pair:
                        runs[target.name].append(
                            load.h2load(
                                target, AUTHORIZE, self.body, connections, streams, calls, 1
                            )
                        )
                return [
                    (
                        statistics.median(run.cpu for run in runs[target.name]),
                        statistics.median(run.calls_per_second for run in runs[target.name]),
                    )
                    for target in pair
                ]

            (plain_cpu, plain_rate), (tls_cpu, tls_rate) = medians(
                16, 32, max(self.calls(200_000), 512)
            )
            self.report.add("TLS 1.3, -c16 -m32: server CPU per call", tls_cpu, "us", plain_cpu)
            self.report.add("TLS 1.3, -c16 -m32: calls", tls_rate, "1/s", plain_rate)
            count = self.calls(500, 64)
            (plain_cpu, _), (tls_cpu, _) = medians(count, 1, count)
            self.report.add(
                "TLS 1.3: server CPU per connection with one call", tls_cpu, "us", plain_cpu
            )
            # The kernel counts in hundredths of a second: tiny runs may take none.
            tick = 1e4 / count
            self.report.add("TLS 1.3: handshakes", 1e6 / max(tls_cpu, tick), "1/s of CPU")

    def pages(self):
        """CheckVisibility: 1 principal x 11 permissions x 1,000 ids a call."""
        file = self.file("pages", 200, messages.page)
        self.differing(
            "pages of 11,000 cells", VISIBILITY, file, 11_000, 1, 4, self.calls(10_000, 16)
        )

    def counts(self):
        """Counted, not timed: these repeat."""
        calls = self.calls(2_000, 500)
        _, floor, ours = self.targets[1]
        per_call = {
            target.name: counts.system_calls(target, AUTHORIZE, self.unary_file, calls)
            for target in (floor, ours)
        }
        print(
            f"  system calls of the floor: {per_call['floor']}, of Verdict: {per_call['verdict']}"
        )
        self.report.add(
            "system calls per unary call, one at a time",
            sum(per_call["verdict"].values()),
            "calls",
            sum(per_call["floor"].values()),
        )
        busy = counts.system_calls(
            ours, AUTHORIZE, self.unary_file, self.calls(100_000, 20_000), 16, 32
        )
        self.report.add(
            "system calls per unary call, -c16 -m32", sum(busy.values()), "calls", target="<= 0.1"
        )
        self.two_loops(calls, sum(per_call["verdict"].values()))

        served = ("--control", self.control)
        counted = counts.allocations(
            self.directory / "malloc", AUTHORIZE, self.unary_file, calls, *served
        )
        print(f"  heap allocations by who asked: {counted}")
        self.report.add(
            "heap allocations of our own per unary call",
            counts.own_allocations(counted),
            "allocations",
            target="0",
        )

        scratch = self.directory / "callgrind"
        scratch.mkdir()
        floor, ours, two = counts.instructions_per_call(
            scratch, AUTHORIZE, self.unary_file, self.calls(2_000, 200), *served
        )
        self.report.add("instructions per unary call", ours, "instructions", floor)
        self.report.add(
            "instructions per unary call, two loops", two, "instructions",
            target=f"<= {ours * 1.1:,.0f}",
        )

    def two_loops(self, calls, one_loop):
        """A connection for each of two loops, one call at a time on each."""
        with Sidecar(self.directory / "two", "--control", self.control, loops=2) as sidecar:
            target = load.Target("verdict with two loops", sidecar.unix, sidecar.pid)
            found = counts.system_calls(target, AUTHORIZE, self.unary_file, calls, 2, 1)
        self.report.add(
            "system calls per unary call, two loops", sum(found.values()), "calls",
            target=f"<= {one_loop * 1.1:.2f}",
        )

    def rival(self):
        """gRPC C++ with its callback interface, which answers a constant; see rival.cc."""
        answer = self.directory / "answer"
        answer.write_bytes(b"\x0a\x10" + bytes(16) + b"\x22\x01\x01\x2a\x01\x01")
        command = [str(load.TOOLS / "rival"), "127.0.0.1:0", str(answer)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            address = process.stdout.readline().split()[-1]
            rival = load.Target("gRPC C++", address, process.pid)
            _, floor, ours = self.targets[0]
            found = {}
            for target in (rival, ours):
                load.pin(target.pid, 0)
                run = self.loaded(target, self.calls(20_000, 1_024))
                runs = [
                    self.loaded(target, self.calls(int(run.calls_per_second), 1_024))
                    for _ in range(self.runs)
                ]
                found[target.name] = statistics.median(one.cpu for one in runs)
            process.terminate()
        self.report.add("gRPC C++, -c16 -m32: server CPU per call", found[rival.name], "us")
        self.report.add(
            "gRPC C++ over Verdict: server CPU per call", found[rival.name] / found[ours.name],
            "times", target=">= 5",
        )

    def loaded(self, target, calls):
        return load.h2load(target, AUTHORIZE, self.body, 16, 32, calls, cpu=1)

    def process(self):
        """Without a network: nanoseconds and instructions per decision."""
        sizes = ["small"] if self.quick else SIZES
        worlds = [["--different", "20000"], *(["--profile", size] for size in sizes)]
        found = {}
        for flags in worlds:
            if self.quick:
                flags = [*flags, "--different", "500", "--count", "2000"]
            elif flags[-1] == "million":
                flags = [*flags, "--different", "200000"]
            done = subprocess.run(
                [str(BENCH), *flags], check=True, capture_output=True, text=True, cwd=ROOT
            )
            for line in done.stdout.splitlines():
                name, value, unit = line.split(maxsplit=2)
                found[name] = float(value)
                self.figure(name, float(value), unit.split(" (")[0])
        if not self.quick:
            self.hot()
        for size in sizes:
            megabytes = found[f"size.{size}"] / 1e6
            self.figure(f"load.{size}", found[f"validate.{size}"] / megabytes, "ms/MB")
        scratch = self.directory / "callgrind-in-process"
        scratch.mkdir()
        instructions = {}
        for measurement in MEASUREMENTS:
            instructions[measurement] = counts.instructions_in_process(
                scratch, BENCH, measurement, 100_000
            )
        for name, beside, target in [
            *((one, None, "") for one in MEASUREMENTS),
            ("edit", "walk", "<= 300"),
            ("edit", "lookups", "<= 100"),
        ]:
            self.report.add(
                f"in process: {name}" + (f" without {beside}" if beside else ""),
                instructions[name] - instructions.get(beside, 0),
                "instructions/check",
                target=target,
            )

    def hot(self):
        """Few checks again and again: do they cost more among a million than among a hundred?"""
        found = {}
        for _ in range(self.runs):
            for size in ("small", "million"):
                command = [str(BENCH), "--profile", size, "--only", "hot"]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                for line in done.stdout.splitlines():
                    name, value, _ = line.split(maxsplit=2)
                    found.setdefault(name, []).append(float(value))
        for name in [one for one in found if one.startswith("decide.million.hot.")]:
            many, few = (
                statistics.median(found[one]) for one in (name, name.replace("million", "small"))
            )
            self.figure(f"{name}, times that of a hundred", many / few, "ratio")

    def figure(self, name, value, unit):
        self.report.add(
            f"in process: {name}", value, unit, target=TARGETS_IN_PROCESS.get(name, "")
        )


def machine():
    """What this ran on, and with which versions."""
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in open("/proc/cpuinfo")
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    print(f"machine: {os.cpu_count()} x {cpu}, kernel {platform.release()}")

    def first_line(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        return (done.stdout + done.stderr).strip().splitlines()[0]

    tools = [first_line(tool, "--version") for tool in ("h2load", "valgrind", "strace")]
    print("versions:", "; ".join([verdict("version").stdout.splitlines()[0], *tools]))
    print("command:", " ".join(["Tests/Benchmarks/bench.py", *sys.argv[1:]]))
    busy = os.getloadavg()[0]
    print(
        f"load before: {busy:.2f}"
        + ("; above 0.3, so times are not to be trusted" if busy > 0.3 else "")
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    if not VERDICT.exists():
        raise SystemExit(f"{VERDICT} is not built; run: make bench")
    if os.cpu_count() < 2:
        raise SystemExit("the server and the client need a CPU each; this machine has one")
    machine()
    with tempfile.TemporaryDirectory(prefix="verdict-bench-") as directory:
        bench = Bench(pathlib.Path(directory), options)
        bench.servers()
        try:
            bench.prove()
            for section in SECTIONS:
                if section in options.only:
                    print(f"{section}: {getattr(bench, section).__doc__}", flush=True)
                    getattr(bench, section)()
        finally:
            bench.stop()
    print()
    bench.report.table()
    if options.json:
        options.json.write_text(json.dumps(bench.report.figures, indent=1) + "\n")


main()
