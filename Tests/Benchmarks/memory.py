#!/usr/bin/env python3
"""What a million costs in memory and to compile. `make bench-memory` builds what this needs.

Two documents of a million members and a million resources are made up. The first is compiled from
its YAML; then a server holds its snapshot, and gets that of the second. Resident memory is told as
times the snapshot's file: when the server rests, at most during the swap, and afterwards.

  --profile NAME  of `verdict generate`, million if not given
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Python"))

from api import Client  # noqa: E402
from sidecar import VERDICT, Sidecar, publish, wait_until  # noqa: E402


def generated(directory, profile, seed):
    directory.mkdir()
    with (directory / "generated.yaml").open("w") as file:
        command = [VERDICT, "generate", "--profile", profile, "--seed", str(seed)]
        subprocess.run(command, stdout=file, check=True)
    return directory


def compiled(documents, output):
    """Seconds."""
    start = time.monotonic()
    command = [VERDICT, "compile", documents, "--output", output]
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--profile", default="million")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="verdict-memory-") as name:
        directory = pathlib.Path(name)
        first, second = (generated(directory / str(s), options.profile, s) for s in (1, 2))
        seconds = compiled(first / "generated.yaml", directory / "snapshot")
        document, snapshot = (
            file.stat().st_size for file in (first / "generated.yaml", directory / "snapshot")
        )
        print(f"{document / 1e6:.0f} MB of YAML in {seconds:.1f} s: {snapshot / 1e6:.1f} MB")
        control = directory / "control"
        publish(control, first)
        with Sidecar(directory / "run", "--control", control, loops=1) as server:
            with Client(server.unix) as client:
                wait_until(lambda: client.info().set_number == 1, "the first set", 30)
                print(f"at rest {server.resident_bytes() / snapshot:.2f} times the snapshot")
                most = 0
                publishing = subprocess.Popen(
                    [VERDICT, "publish", second, "--control", control], stdout=subprocess.DEVNULL
                )
                while publishing.poll() is None or client.info().set_number < 2:
                    most = max(most, server.resident_bytes())
                    time.sleep(0.002)
                assert publishing.returncode == 0
            print(f"during a swap {most / snapshot:.2f} times at most")
            print(f"afterwards {server.resident_bytes() / snapshot:.2f} times")


if __name__ == "__main__":
    main()
