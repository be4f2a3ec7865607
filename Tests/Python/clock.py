"""Time as a server of a test sees it, by libfaketime."""

import subprocess

from sidecar import VERDICT


class Clock:
    """A clock of a server's own, that a file sets.

    It is the one that people read; with `is_monotonic` also the one that times are taken by.
    """

    def __init__(self, directory, is_monotonic=False):
        self.path, self.is_monotonic = directory / "clock", is_monotonic
        self.set(0)

    def set(self, offset_seconds):
        half = self.path.with_suffix(".new")
        half.write_text(f"{offset_seconds:+d}s\n")
        half.rename(self.path)

    @property
    def environment(self):
        library = subprocess.run(
            ["dpkg", "-L", "libfaketime"], capture_output=True, text=True, check=True
        ).stdout.split()
        return {
            "LD_PRELOAD": next(path for path in library if path.endswith("/libfaketime.so.1")),
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "0" if self.is_monotonic else "1",
        }

    @property
    def serving(self):
        """How to serve by it. The library adds to the environment where it is loaded first, which
        moves it away from the arguments, where Swift looks for it; so `env` is loaded first."""
        return {"environment": self.environment, "before": ["env", VERDICT]}
