"""Breaks the compiler, the engine and the snapshot's reader on purpose, one way at a time.

Each row of `mutants.toml` is a change that a person could make by mistake. It is applied in a copy
of the tree and built; then what should notice runs: the prover, or a suite of the tests. A mutant
that nothing notices survives, and is a missing test. Exits 1 when one survives, or when a row's
text is not found exactly once.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import time
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROWS = pathlib.Path(__file__).with_name("mutants.toml")
# Longest run of what should notice: a mutant may as well never end.
NOTICE_SECONDS = 300


def rows(names):
    """The rows asked for, each with a text that occurs exactly once."""
    content = tomllib.loads(ROWS.read_text())["mutant"]
    faults = []
    for row in content:
        count = (ROOT / row["file"]).read_text().count(row["old"])
        if count != 1:
            faults.append(f"{row['name']}: its text occurs {count} times in {row['file']}")
        if row["old"] == row["new"]:
            faults.append(f"{row['name']}: changes nothing")
    if len({row["name"] for row in content}) != len(content):
        faults.append("two rows have one name")
    if faults:
        sys.exit("mutants: mutants.toml and the sources have parted\n" + "\n".join(faults))
    chosen = [row for row in content if not names or any(name in row["name"] for name in names)]
    if not chosen:
        sys.exit("mutants: no row has such a name")
    # Those with one suite together: the builds between them are small.
    return sorted(chosen, key=lambda row: row.get("suite", ""))


class Tree:
    """A copy of what git knows of the tree, with a build of its own."""

    def __init__(self, directory, swift, jobs):
        self.path = directory
        self.swift = swift
        self.jobs = jobs
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
        files = {pathlib.Path(name.decode()) for name in listed.split(b"\0") if name}
        files = {file for file in files if (ROOT / file).exists()}
        for old in [*directory.glob("Sources/**/*.swift"), *directory.glob("Tests/**/*.swift")]:
            if old.relative_to(directory) not in files:
                old.unlink()
        for file in files:
            self.put(file, (ROOT / file))

    def put(self, file, source):
        """Copies a file where it differs, so that an older build stays good."""
        target = self.path / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            if not target.is_symlink():
                target.symlink_to(source.readlink())
        elif not target.exists() or target.read_bytes() != source.read_bytes():
            shutil.copyfile(source, target)
            target.chmod(source.stat().st_mode)

    def touch_importers(self, file):
        """Makes the files compile again that may have inlined what `file` has.

        The build itself looks at interfaces alone, and a changed `@inlinable` body is none: its
        mutant would not be in the engine, and would seem to survive.
        """
        if "@inlinable" not in (self.path / file).read_text():
            return
        room = pathlib.Path(file).parent.name
        # The engine's own inlinable code calls that of the snapshot's reader.
        rooms = {room, "VerdictEngine"} if room == "VerdictSnapshot" else {room}
        imports = re.compile(rf"^(public |internal |package )?import ({'|'.join(rooms)})$", re.M)
        for source in [*self.path.glob("Sources/**/*.swift"), *self.path.glob("Tests/**/*.swift")]:
            if imports.search(source.read_text()):
                source.touch()

    def build(self, suite):
        # Optimised file by file: quick to build again after a change, and quick to run.
        product = ["--build-tests"] if suite else ["--product", "verdict-prove"]
        command = [self.swift, "build", "-Xswiftc", "-O", "-j", str(self.jobs), *product]
        return subprocess.run(command, cwd=self.path, capture_output=True, text=True)

    def notices(self, suite, checks):
        """Whether a check fails, by the commands that should; the last one's output."""
        prover = str(self.path / ".build/debug/verdict-prove")
        commands = [
            [prover, "random", "--checks", str(checks), "--tell", "0"],
            [prover, "exhaustive", "--tell", "0"],
        ]
        if suite:
            commands = [
                [self.swift, "test", "-Xswiftc", "-O", "--skip-build", "--disable-xctest"]
                + ["--filter", suite]
            ]
        for command in commands:
            try:
                done = subprocess.run(
                    command, cwd=self.path, capture_output=True, text=True, timeout=NOTICE_SECONDS
                )
            except subprocess.TimeoutExpired:
                return True, "no end"
            if done.returncode != 0:
                return True, done.stdout + done.stderr
        return False, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only rows with one of these in their names")
    parser.add_argument("--checks", type=int, default=300_000, help="random checks of the prover")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--swift", default="swift")
    parser.add_argument("--directory", type=pathlib.Path, default=ROOT / ".work/mutants")
    options = parser.parse_args()
    chosen = rows(options.names)
    tree = Tree(options.directory, options.swift, options.jobs)
    survivors, faulty = [], []
    built = None
    for row in chosen:
        suite = row.get("suite", "")
        if built != suite:
            # What is whole must pass, or a kill would show nothing.
            done = tree.build(suite)
            if done.returncode != 0:
                sys.exit(f"mutants: the tree doesn't build\n{done.stdout[-2000:]}")
            if (seen := tree.notices(suite, options.checks))[0]:
                sys.exit(f"mutants: something fails without a mutant\n{seen[1][-2000:]}")
            built = suite
        start = time.monotonic()
        file = tree.path / row["file"]
        file.write_text(file.read_text().replace(row["old"], row["new"]))
        tree.touch_importers(row["file"])
        try:
            done = tree.build(suite)
            if done.returncode != 0:
                # Nothing was tried: the row is at fault.
                faulty.append(row["name"])
                print(f"NO BUILD {row['name']}\n{done.stdout[-1500:]}", flush=True)
                continue
            killed, _ = tree.notices(suite, options.checks)
        finally:
            tree.put(row["file"], ROOT / row["file"])
            tree.touch_importers(row["file"])
        if not killed:
            survivors.append(row["name"])
        seconds = time.monotonic() - start
        by = suite or "prover"
        verdict = "killed  " if killed else "SURVIVED"
        print(f"{verdict} {row['name']} ({by}, {seconds:.0f} s)", flush=True)
    killed = len(chosen) - len(survivors) - len(faulty)
    print(f"{len(chosen)} mutants, {killed} killed")
    if faulty:
        print("mutants: rows that don't build: " + "; ".join(faulty))
    if survivors:
        print("mutants: missing tests, nothing noticed: " + "; ".join(survivors))
    if killed < len(chosen):
        sys.exit(1)


if __name__ == "__main__":
    main()
