"""What can be counted exactly: instructions, system calls and heap allocations per call.

Each count is the difference of two loads that differ in their number of calls only, so that
starting, connecting and warming up fall out.
"""

import contextlib
import pathlib
import re
import signal
import struct
import subprocess
import time

import load
from sidecar import VERDICT, Sidecar, wait_until

ROW = struct.Struct("104sQQQ")
WORKED_EXAMPLE = "examples/acme/acme.yaml"


def _calls(target, method, file, calls, connections=1, streams=1):
    load.loadgen(target, method, file, connections, streams, calls)


def system_calls(target, method, file, calls, connections=1, streams=1):
    """System calls per call by name; over one connection with one call at a time if not said."""
    totals = []
    for count in (calls, 2 * calls):
        tracer = subprocess.Popen(
            ["strace", "-f", "-c", "-U", "name,calls", "-p", str(target.pid)],
            stderr=subprocess.PIPE,
            text=True,
        )
        traced = pathlib.Path(f"/proc/{target.pid}/status")
        wait_until(lambda: f"TracerPid:\t{tracer.pid}\n" in traced.read_text(), "strace attached")
        time.sleep(0.2)
        _calls(target, method, file, count, connections, streams)
        tracer.send_signal(signal.SIGINT)
        _, report = tracer.communicate(timeout=30)
        totals.append(
            {
                name: int(number)
                for name, number in re.findall(r"^(\w+) +(\d+)$", report, re.MULTILINE)
                if name != "total"
            }
        )
    less, more = totals
    names = sorted(set(less) | set(more))
    per_call = {name: (more.get(name, 0) - less.get(name, 0)) / calls for name in names}
    return {name: number for name, number in per_call.items() if abs(number) >= 0.005}


def _allocations(file):
    content = file.read_bytes()
    rows = {}
    for name, allocations, _, _ in ROW.iter_unpack(content):
        if name.rstrip(b"\0"):
            rows[name.rstrip(b"\0").decode()] = allocations
    return rows


def allocations(directory, method, file, calls, *arguments, streams=1):
    """Heap allocations per call by the object whose code asked for them.

    `program` is our own code; Swift's runtime allocates for us too, where it is a library.
    """
    counts = directory / "allocations"
    with Sidecar(
        directory,
        *arguments,
        loops=1,
        environment={
            "LD_PRELOAD": str(load.TOOLS / "malloccount.so"),
            "MALLOCCOUNT_FILE": str(counts),
        },
    ) as sidecar:
        target = load.Target("verdict under malloccount", sidecar.unix, sidecar.pid)
        _calls(target, method, file, calls, 1, streams)
        rounds = []
        for _ in range(3):
            marks = [_allocations(counts)]
            for count in (calls, 2 * calls):
                _calls(target, method, file, count, 1, streams)
                load.settle(sidecar.pid)
                marks.append(_allocations(counts))
            rounds.append(marks)

    def per_call(name, marks):
        start, less, more = (mark.get(name, 0) for mark in marks)
        return (more - less - (less - start)) / calls

    # What is allocated by the clock, and not for a call, doesn't come in every round.
    least = {
        name: min((per_call(name, marks) for marks in rounds), key=abs) for name in rounds[-1][-1]
    }
    return {name: number for name, number in least.items() if number}


def own_allocations(counted):
    """Those of our own code: everything but nghttp2's, protobuf-c's and the C library's."""
    libraries = ("libnghttp2", "libprotobuf-c", "libc.so")
    return sum(number for name, number in counted.items() if not name.startswith(libraries))


def collected(file):
    """Instructions that callgrind wrote down for the whole program."""
    found = re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.MULTILINE)
    if not found:
        raise SystemExit(f"{file} holds no totals")
    return int(found.group(1))


def stripped(program, directory):
    """A copy without debugging information, which valgrind can't read from newer compilers."""
    copy = directory / program.name
    subprocess.run(["strip", "--strip-debug", "-o", copy, program], check=True)
    return copy


def valgrind(file):
    return ["valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={file}"]


def instructions_in_process(directory, program, measurement, count):
    """Instructions per decision of one measurement of verdict-bench, on the example."""
    program = stripped(program, directory)
    totals = []
    for decisions in (count, 2 * count):
        file = directory / f"callgrind.{measurement}.{decisions}"
        command = [str(program), "--policy", WORKED_EXAMPLE, "--different", "1000"]
        subprocess.run(
            [*valgrind(file), *command, "--only", measurement, "--count", str(decisions)],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=300,
            cwd=load.ROOT,
        )
        totals.append(collected(file))
    return (totals[1] - totals[0]) / count


def instructions_of(directory, method, file, calls, *arguments, clear=lambda: None):
    """Instructions per unary call of Verdict alone, over a Unix socket, one at a time.

    `clear` removes what a server leaves behind, which the next one would begin with.
    """
    program = stripped(VERDICT, directory)
    totals = []
    for count in (calls, 3 * calls):
        clear()
        out = directory / f"callgrind.{count}"
        with Sidecar(directory, *arguments, loops=1, before=[*valgrind(out), program]) as sidecar:
            target = load.Target("verdict under callgrind", sidecar.unix, sidecar.pid)
            _calls(target, method, file, count)
        totals.append(collected(out))
    return (totals[1] - totals[0]) / (2 * calls)


def instructions_per_call(directory, method, file, calls, *arguments):
    """Instructions per unary call, over a Unix socket, one at a time: the floor's, Verdict's, and
    Verdict's with two loops that have a connection each."""

    @contextlib.contextmanager
    def floor(before):
        server = load.Floor(f"unix:{directory}/floor.sock", before)
        try:
            yield load.Target("floor under callgrind", server.address, server.pid)
        finally:
            server.stop()

    @contextlib.contextmanager
    def verdict(before, loops=1):
        program = stripped(VERDICT, directory)
        with Sidecar(directory, *arguments, loops=loops, before=[*before, program]) as sidecar:
            yield load.Target("verdict under callgrind", sidecar.unix, sidecar.pid)

    def two_loops(before):
        return verdict(before, loops=2)

    results = []
    for name, server, connections in (
        ("floor", floor, 1),
        ("verdict", verdict, 1),
        ("two-loops", two_loops, 2),
    ):
        totals = []
        for count in (calls, 3 * calls):
            out = directory / f"callgrind.{name}.{count}"
            with server(valgrind(out)) as target:
                _calls(target, method, file, count, connections)
            totals.append(collected(out))
        results.append((totals[1] - totals[0]) / (2 * calls))
    return tuple(results)
