"""A server with a decision log, and its files read back by hand and by `verdict log stats`."""

import json
import pathlib
import re
import subprocess

from admin import UnixConnection
from sidecar import VERDICT, Sidecar, wait_until


class LoggedSidecar(Sidecar):
    """A server with a decision log and an admin endpoint."""

    def __init__(self, directory, *arguments, path=None, **options):
        self.path = pathlib.Path(path or pathlib.Path(directory) / "decisions.jsonl")
        super().__init__(
            directory,
            *arguments,
            "--decision-log",
            self.path,
            "--admin",
            f"unix:{directory}/admin.sock",
            **options,
        )
        self.admin = pathlib.Path(directory) / "admin.sock"
        wait_until(self.admin.exists, "the admin endpoint")

    def metrics(self):
        """The page of metrics."""
        connection = UnixConnection(self.admin)
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        page = response.read().decode()
        connection.close()
        assert response.status == 200, page
        return page

    def sample(self, name):
        """The sum of a family's samples."""
        found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", self.metrics(), re.MULTILINE)
        assert found, f"no sample of {name}"
        return sum(map(float, found))

    def thread(self, name):
        """The number of a thread."""
        for task in self.threads():
            if pathlib.Path(f"/proc/{self.pid}/task/{task}/comm").read_text().strip() == name:
                return task
        raise AssertionError(f"no thread {name}")


def lines(path, torn=0):
    """The whole lines of a log, oldest file first; `torn` others were cut off, and ended later."""
    found, broken = [], 0
    for one in files(path):
        for line in one.read_text().splitlines(keepends=True):
            if line[-1] != "\n":
                continue
            try:
                found.append(json.loads(line))
            except json.JSONDecodeError:
                broken += 1
    assert broken == torn
    return found


def files(path):
    """A log's files, oldest first."""
    path = pathlib.Path(path)
    older = [one for one in path.parent.glob(path.name + ".*") if one.suffix[1:].isdigit()]
    older.sort(key=lambda one: -int(one.suffix[1:]))
    return older + [path]


def records(path):
    return [line for line in lines(path) if line["kind"] == "decision"]


def stats(*paths, metrics=None):
    """What `verdict log stats` tells, with its exit status and complaints."""
    words = [str(VERDICT), "log", "stats", "--json", *map(str, paths)]
    if metrics is not None:
        words += ["--metrics", "-"]
    done = subprocess.run(words, input=metrics, capture_output=True, text=True, timeout=60)
    result = json.loads(done.stdout)
    assert (done.returncode == 0) == result["whole"], done.stderr
    result["complaints"] = done.stderr.splitlines()
    return result


def agrees(sidecar, path=None):
    """Waits until the log accounts for what the metrics count, exactly."""
    last = {}

    def is_there():
        last.update(stats(path or sidecar.path, metrics=sidecar.metrics()))
        return last["whole"]

    try:
        wait_until(is_there, "log and metrics agree")
    except AssertionError as error:
        raise AssertionError(f"{error}: {last['complaints']}") from None
    return last

