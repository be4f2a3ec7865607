"""Kills a command at one of its system calls, by strace."""

import collections
import re
import signal
import subprocess

from sidecar import VERDICT

# What changes something, or decides what is changed.
CHANGING = {"write", "fsync", "rename", "unlink", "mkdir", "flock", "openat"}


def traced(log, *arguments):
    """Run a command to its end and return how often it made each system call."""
    subprocess.run(
        ["strace", "-f", "-qq", "-o", str(log), VERDICT, *map(str, arguments)],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=60,
    )
    calls = re.findall(r"^\d+ +(\w+)\(", log.read_text(), re.MULTILINE)
    return collections.Counter(calls)


def killed_at(log, call, place, *arguments):
    """Run a command and kill it as it enters its `place`-th call of that name. Returns whether it
    was killed; else it had ended before."""
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", str(log), "-e", f"trace={call}"]
        + ["-e", f"inject={call}:signal=SIGKILL:when={place}", VERDICT, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )
    assert done.returncode in (0, -signal.SIGKILL, 128 + signal.SIGKILL), done.returncode
    return done.returncode != 0


def publisher_survives(site, directory, calls):
    """Kill a publish at each of `calls`; afterwards the directory has the old set or the new one,
    whole, and the next publish goes on from there. Returns how often it was killed and how often
    the new set was there."""
    site.write(True)
    before = site.layout.number()
    killed, renewed = 0, 0
    copy = directory / "killed"
    for call, place in calls:
        subprocess.run(["rm", "-rf", copy], check=True)
        site.layout.copy(copy)
        words = [site.policies, "--control", copy, "--key", f"{site.key}.key"]
        killed += killed_at(directory / "strace", call, place, "publish", *words)
        found = whole(copy, site)
        assert found in (before, before + 1), (call, place)
        renewed += found == before + 1
        subprocess.run(
            [VERDICT, "publish", *map(str, words)],
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=60,
        )
        assert whole(copy, site) == before + 1, (call, place)
        drafts = [path.name for path in copy.rglob("*.tmp")]
        assert drafts == [], (call, place)
    return killed, renewed


def whole(control, site):
    """The number of the set in force there, everything verified."""
    done = subprocess.run(
        [VERDICT, "verify", "--control", control, "--trust", f"{site.key}.pub"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return int(re.match(r"set (\d+),", done.stdout).group(1))
