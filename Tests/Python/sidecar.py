"""Starts, watches and stops the real binary, for the tests and the benchmarks."""

import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERDICT = pathlib.Path(os.environ.get("VERDICT", ROOT / ".build/release/verdict"))
START_SECONDS = 20
STOP_SECONDS = 20


def verdict(*arguments, check=True, stdin=None):
    """Run one command to its end. With `check`, an exit status but 0 is an error."""
    done = subprocess.run(
        [str(VERDICT), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if check and done.returncode != 0:
        raise AssertionError(f"verdict {arguments} exited {done.returncode}:\n{done.stderr}")
    return done


def publish(control, *policies):
    """Publish documents into a control directory."""
    return verdict("publish", *policies, "--control", control)


def wait_until(true, what, seconds=10.0):
    """Poll until `true()` is; an error that names `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds} s still not: {what}")
        time.sleep(0.02)


class Sidecar:
    """A running `verdict serve` on a TCP port of its choice and a Unix socket.

    `before` runs it otherwise: the words up to and with the program. It inherits `descriptors`.
    """

    def __init__(
        self, directory, *arguments, loops=2, environment=None, before=None, descriptors=()
    ):
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        self.socket = directory / "verdict.sock"
        self.command = [
            *map(str, before or [VERDICT]),
            "serve",
            *map(str, arguments),
            "--listen",
            "127.0.0.1:0",
            "--unix",
            str(self.socket),
            "--loops",
            str(loops),
        ]
        self.process = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
            pass_fds=descriptors,
        )
        self.log = []
        self.port = None
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        try:
            wait_until(self._started, "verdict serve listens", START_SECONDS)
        except BaseException:
            self.process.kill()
            self._close()
            raise

    def _read_log(self):
        for line in self.process.stderr:
            self.log.append(line.rstrip("\n"))

    def _started(self):
        if self.process.poll() is not None:
            self._reader.join(5)
            raise AssertionError(
                f"verdict serve exited {self.process.returncode}:\n" + "\n".join(self.log)
            )
        for line in list(self.log):
            if "listening" not in line:
                continue
            found = re.search(r"127\.0\.0\.1:([1-9]\d*)", line)
            if found:
                self.port = int(found.group(1))
        return self.port is not None and self.socket.exists()

    @property
    def pid(self):
        return self.process.pid

    @property
    def tcp(self):
        return f"127.0.0.1:{self.port}"

    @property
    def unix(self):
        return f"unix:{self.socket}"

    def records(self):
        """The log's lines, which have to be JSON objects since standard error is no terminal."""
        return [json.loads(line) for line in list(self.log)]

    def forward_auth_port(self):
        """The port of the first address of `--forward-auth`."""
        def lines():
            return [one["at"] for one in self.records() if one["message"] == "forward auth"]

        wait_until(lines, "forward auth listens")
        return int(lines()[0].rsplit(":", 1)[1])

    def resident_bytes(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def mappings(self):
        """How many mappings it has."""
        return len(pathlib.Path(f"/proc/{self.pid}/maps").read_text().splitlines())

    def cpu_seconds(self):
        """User and system time of all its threads."""
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")

    def threads(self):
        return [int(task) for task in os.listdir(f"/proc/{self.pid}/task")]

    def stop(self, sig=signal.SIGTERM):
        """Ask it to stop and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("verdict serve did not stop\n" + "\n".join(self.log[-20:]))
        finally:
            self._close()

    def _close(self):
        """Read the log to its end and let go of it."""
        self.process.wait()
        self._reader.join(5)
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
