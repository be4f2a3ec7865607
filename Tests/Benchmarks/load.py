"""Servers under load: the transport floor and Verdict beside each other, h2load and loadgen."""

import bisect
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Python"))

from sidecar import wait_until  # noqa: E402

TOOLS = ROOT / ".work/bin"
SECONDS_MAX = 120


def cpu_seconds(pid):
    """User and system time of a process and all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pin(pid, cpu):
    """Bind all threads of a process to one CPU."""
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), {cpu})


class Floor:
    """The transport floor on one address; with `answer` it answers with that file's message."""

    def __init__(self, address, before=(), answer=None):
        command = [*before, str(TOOLS / "floor"), address, *([str(answer)] if answer else [])]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().split()[-1]
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.process.stdout.close()


@dataclass
class Target:
    """A server's address, as the load clients want it, and its process."""

    name: str
    address: str
    pid: int

    @property
    def h2load(self):
        if self.address.startswith("unix:"):
            return [f"--base-uri={self.address}", "http://localhost"]
        return [f"http://{self.address}"]

    @property
    def loadgen(self):
        if self.address.startswith("unix:"):
            return self.address
        return "tcp:" + self.address.rsplit(":", 1)[1]


@dataclass
class Run:
    """One run's outcome; times in microseconds."""

    calls_per_second: float
    p50: float
    p99: float
    cpu: float  # of the server, per call


def h2load(target, method, body, connections, streams, calls, cpu=None):
    """One body again and again; percentiles from the log of every call."""
    *options, base = target.h2load
    with tempfile.NamedTemporaryFile(prefix="verdict-h2load") as log:
        command = [
            "h2load",
            "-t1",
            f"-c{connections}",
            f"-m{streams}",
            f"-n{calls}",
            "-d",
            str(body),
            "-H",
            "content-type: application/grpc",
            "-H",
            "te: trailers",
            f"--log-file={log.name}",
            *options,
            base + method,
        ]
        if cpu is not None:
            command = ["taskset", "-c", str(cpu), *command]
        before = cpu_seconds(target.pid)
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)
        spent = cpu_seconds(target.pid) - before
        times = sorted(int(line.rsplit(b"\t", 1)[1]) for line in log)
    rate = re.search(r"finished in [\d.]+\w+, ([\d.]+) req/s", done.stdout)
    good = re.search(r"(\d+) succeeded, 0 failed, 0 errored", done.stdout)
    if not rate or not good or int(good.group(1)) != calls:
        raise SystemExit(f"h2load at {target.name} failed:\n{done.stdout}{done.stderr}")
    return Run(
        float(rate.group(1)),
        percentile(times, 0.50),
        percentile(times, 0.99),
        spent / calls * 1e6,
    )


def percentile(times, share):
    """Of sorted whole microseconds, each cut off from a time up to one longer. Calls of one value
    are taken as spread evenly over it: whole numbers can't tell 8.0 from 8.9, a tenth of a call."""
    place = len(times) * share
    value = times[min(int(place), len(times) - 1)]
    first = bisect.bisect_left(times, value)
    count = bisect.bisect_right(times, value) - first
    return value + (place - first) / count


def loadgen(target, method, file, connections, streams, calls, cpu=None, rate=None):
    """Differing bodies; every answer has to be gRPC status 0. With a rate, calls begin at even times
    and their own are counted from there."""
    command = [
        str(TOOLS / "loadgen"),
        target.loadgen,
        method,
        str(file),
        str(connections),
        str(streams),
        str(calls),
        str(SECONDS_MAX),
    ]
    if rate is not None:
        command.append(str(rate))
    if cpu is not None:
        command = ["taskset", "-c", str(cpu), *command]
    before = cpu_seconds(target.pid)
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX + 10)
    spent = cpu_seconds(target.pid) - before
    if done.returncode != 0:
        raise SystemExit(f"loadgen at {target.name} failed:\n{done.stdout}{done.stderr}")
    result = json.loads(done.stdout)
    return Run(result["calls_per_second"], result["p50_us"], result["p99_us"], spent / calls * 1e6)


def settle(pid):
    """Wait until a process that just answered does nothing any more."""
    last = [cpu_seconds(pid)]

    def quiet():
        before, last[0] = last[0], cpu_seconds(pid)
        return before == last[0]

    wait_until(quiet, f"process {pid} rests")
