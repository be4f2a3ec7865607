"""Breaks the compiler, the engine and the snapshot's reader on purpose, one way at a time.

Each row of `mutants.toml` is a change that a person could make by mistake. The tree is built once,
in a copy. For a row the module that it changes is compiled again, with what may have inlined its
code, and linked in place of the whole one; then what should notice runs: the prover, with few
checks first and more where those notice nothing, or a suite of the tests. A mutant that nothing
notices survives, and is a missing test. Exits 1 when one survives, or when a row's text is not
found once.

What came out is kept in the copy, by the row's texts and those of all sources and tests that it
depends on: a run that was interrupted goes on where it stopped, and a row is tried again when
something changed.
"""

import argparse
import concurrent.futures
import hashlib
import json
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
# What a result depends on, beside the suite's own folder: what the prover is made of.
ROOMS = "Model System Crypto Policy Snapshot Engine Compiler TestKit"
DEPENDS_ON = (
    *("models", "Tests/Proof", "Tests/Library/models", "Sources/CVerdictSystem"),
    *(f"Sources/Verdict{room}" for room in ROOMS.split()),
)
# Rooms that are compiled again where they may have inlined what a row changes, from the ground up.
IMPORTERS = ("VerdictEngine", "VerdictCompiler", "VerdictTestKit")
# Options of the build that are not for one module compiled by itself: alone, and with a value.
DROPPED = {
    *("-emit-dependencies", "-incremental", "-enable-batch-mode", "-serialize-diagnostics"),
    *("-parseable-output", "-emit-objc-header", "-warnings-as-errors", "-g", "-O", "-Onone"),
}
# Runs the tests that are linked with it.
MAIN_OF_SUITE = """
import Testing

@main
struct Main {
  static func main() async { await Testing.__swiftPMEntryPoint() as Never }
}
"""
DROPPED_PAIRS = {
    *("-emit-module-path", "-output-file-map", "-index-store-path", "-emit-objc-header-path"),
}


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
    # The quick ones first.
    return sorted(chosen, key=lambda row: row.get("suite", ""))


def files_of_git():
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout
    files = {pathlib.Path(name.decode()) for name in listed.split(b"\0") if name}
    return sorted(file for file in files if (ROOT / file).exists())


class Tree:
    """A copy of what git knows of the tree, built once: what mutants are linked with."""

    def __init__(self, directory, swift, jobs):
        self.path = directory
        self.swift = swift
        files = files_of_git()
        kept = set(files)
        for old in [*directory.glob("Sources/**/*.swift"), *directory.glob("Tests/**/*.swift")]:
            if old.relative_to(directory) not in kept:
                old.unlink()
        for file in files:
            self.put(file, (ROOT / file))
        self.digests = {
            str(file): hashlib.sha256((directory / file).read_bytes()).hexdigest()
            for file in files
            if (directory / file).is_file()
        }
        # Optimised: the interpreter takes most of the prover's time. A suite needs no more than it.
        command = [swift, "build", "-Xswiftc", "-O", "-j", str(jobs), "--product", "verdict-prove"]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"mutants: the tree doesn't build\n{done.stdout[-2000:]}")
        self.commands = self.read_commands((directory / ".build/debug.yaml").read_text())

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

    @staticmethod
    def read_commands(manifest):
        """The build's commands that compile a module or link a product: name to arguments."""
        found = re.findall(
            r'^  "C\.([\w-]+?)-\w+-unknown-linux-gnu-debug\.(module|exe)":\n(.*?)(?=^  "|\Z)',
            manifest,
            re.MULTILINE | re.DOTALL,
        )
        commands = {}
        for name, kind, body in found:
            arguments = re.search(r"^ +args: (\[.*\])$", body, re.MULTILINE)
            if arguments:
                commands[name, kind] = json.loads(arguments.group(1))
        return commands

    def key(self, row):
        """What a row's result depends on."""
        suite = row.get("suite")
        depends = (*DEPENDS_ON, f"Tests/{suite}") if suite else DEPENDS_ON
        lines = [
            f"{digest} {file}"
            for file, digest in self.digests.items()
            if any(file == one or file.startswith(f"{one}/") for one in depends)
        ]
        lines += [json.dumps(row, sort_keys=True)]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


class Mutant:
    """One row, compiled and linked in a folder of its own; without a row what is whole."""

    def __init__(self, tree, scratch, suite, row=None):
        self.tree = tree
        self.scratch = scratch
        self.suite = suite
        self.row = row
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)

    def modules(self):
        """The module that the row changes, and those that may have inlined its code."""
        if self.row is None:
            return ["VerdictSnapshot", "VerdictEngine", "VerdictCompiler"]
        changed = pathlib.Path(self.row["file"]).parts[1]
        if "@inlinable" not in (self.tree.path / self.row["file"]).read_text():
            return [changed]
        # The engine's own inlinable code calls that of the snapshot's reader.
        rooms = {changed, "VerdictEngine"} if changed == "VerdictSnapshot" else {changed}
        access = "public |internal |package |@testable "
        imports = re.compile(rf"^({access})?import ({'|'.join(rooms)})$", re.MULTILINE)
        others = [*IMPORTERS, *([self.suite] if self.suite else [])]
        return [changed] + [
            name
            for name in others
            if name != changed
            and any(imports.search(source.read_text()) for source in self.sources(name))
        ]

    def sources(self, module):
        files = [*(self.tree.path / "Sources" / module).rglob("*.swift")]
        return sorted(files or (self.tree.path / "Tests" / module).rglob("*.swift"))

    def build(self):
        """Compiles and links; the compiler's words where it refuses."""
        modules = self.modules()
        if self.suite and self.suite not in modules:
            modules.append(self.suite)
        objects = {module: self.scratch / f"{module}.o" for module in modules}
        commands = [self.compilation(module, target) for module, target in objects.items()]
        if self.suite:
            main = self.scratch / "Main.swift"
            main.write_text(MAIN_OF_SUITE)
            objects["verdict_prove"] = self.scratch / "Main.o"
            # The compiler that the build uses.
            compiler = self.tree.commands["verdict-prove", "exe"][0]
            target = str(objects["verdict_prove"])
            commands.append([compiler, "-parse-as-library", "-c", str(main), "-o", target])
        commands.append(self.link(objects))
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, cwd=self.tree.path)
            if done.returncode != 0:
                return done.stderr + done.stdout
        return None

    def compilation(self, module, target):
        arguments = iter(self.tree.commands[module, "module"])
        # What was compiled before this module is found before what was built whole.
        kept = [next(arguments), "-I", str(self.scratch)]
        for argument in arguments:
            if argument in DROPPED_PAIRS:
                next(arguments)
            elif argument in ("-Xcc", "-Xfrontend"):
                kept += [argument, next(arguments)]
            elif argument not in DROPPED and not argument.startswith(("@", "-j")):
                kept.append(argument)
        # Optimised where the suite's time is that of the module itself.
        kept += ["-O" if self.suite else "-Onone", "-whole-module-optimization", "-o", str(target)]
        kept += ["-emit-module-path", str(target.with_suffix(".swiftmodule"))]
        for source in self.sources(module):
            relative = str(source.relative_to(self.tree.path))
            if self.row and relative == self.row["file"]:
                text = source.read_text().replace(self.row["old"], self.row["new"])
                source = self.scratch / source.name
                source.write_text(text)
            kept.append(str(source))
        return kept

    def link(self, objects):
        command = list(self.tree.commands["verdict-prove", "exe"])
        if self.suite:
            # The main function is the suite's own, and called as the system expects.
            rename = command.index("main=verdict_prove_main")
            command[rename - 3 : rename + 1] = []
        for index, argument in enumerate(command):
            if argument.startswith("@"):
                whole = pathlib.Path(argument[1:]).read_text().splitlines()
                folders = tuple(f"/{module}.build/" for module in objects)
                lines = [line for line in whole if not any(one in line for one in folders)]
                lines += [str(one) for one in objects.values()]
                listed = self.scratch / "objects"
                listed.write_text("\n".join(lines) + "\n")
                command[index] = f"@{listed}"
            if argument == "-o":
                command[index + 1] = str(self.program)
        return command

    @property
    def program(self):
        return self.scratch / "program"

    def notices(self, checks):
        """Whether a check fails, by what should, the quickest first; what the last said."""
        prover = str(self.program)
        library = ["--models", str(self.tree.path / "Tests/Library/models")]
        commands = [
            [prover, "random", "--checks", str(checks // 10), "--tell", "0"],
            [prover, "random", "--checks", str(checks // 10), "--tell", "0", *library],
            [prover, "exhaustive", "--tell", "0"],
            [prover, "random", "--checks", str(checks), "--tell", "0", "--seed", "2"],
        ]
        if self.suite:
            commands = [[prover]]
        for command in commands:
            try:
                done = subprocess.run(
                    command, cwd=self.tree.path, capture_output=True, text=True,
                    timeout=NOTICE_SECONDS,
                )
            except subprocess.TimeoutExpired:
                return True, "no end"
            if done.returncode != 0:
                return True, done.stdout + done.stderr
        return False, done.stdout + done.stderr


class Results:
    """What came out of rows, kept in a file that is only ever appended to."""

    def __init__(self, file, is_fresh):
        self.file = file
        self.kept = {}
        if file.exists() and not is_fresh:
            for line in file.read_text().splitlines():
                one = json.loads(line)
                self.kept[one["key"]] = one["outcome"]

    def add(self, row, key, outcome):
        self.kept[key] = outcome
        with self.file.open("a") as file:
            file.write(json.dumps({"key": key, "row": row["name"], "outcome": outcome}) + "\n")


def prove_whole(tree, scratch, suite, checks):
    """What is whole must pass, built in the same way, or a kill would show nothing."""
    whole = Mutant(tree, scratch, suite)
    if words := whole.build():
        sys.exit(f"mutants: what is whole doesn't build\n{words[-2000:]}")
    noticed, words = whole.notices(checks)
    if noticed:
        sys.exit(f"mutants: something fails without a mutant\n{words[-2000:]}")
    # As many tests as the suite has, or none would be a pass.
    if suite and not re.search(r"Test run with [1-9]\d* tests? .*passed", words):
        sys.exit(f"mutants: no test of {suite} ran\n{words[-2000:]}")


def try_row(tree, scratch, row, checks):
    start = time.monotonic()
    mutant = Mutant(tree, scratch, row.get("suite", ""), row)
    if words := mutant.build():
        # Nothing was tried: the row is at fault.
        print(f"NO BUILD {row['name']}\n{words[-1500:]}", flush=True)
        return "no build"
    outcome = "killed" if mutant.notices(checks)[0] else "survived"
    shutil.rmtree(scratch, ignore_errors=True)
    seconds = time.monotonic() - start
    shown = "killed  " if outcome == "killed" else "SURVIVED"
    print(f"{shown} {row['name']} ({row.get('suite') or 'prover'}, {seconds:.0f} s)", flush=True)
    return outcome


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only rows with one of these in their names")
    parser.add_argument("--checks", type=int, default=300_000, help="random checks of the prover")
    parser.add_argument("--jobs", type=int, default=2, help="rows at a time")
    parser.add_argument("--fresh", action="store_true", help="use no result of an earlier run")
    parser.add_argument("--swift", default="swift")
    parser.add_argument("--directory", type=pathlib.Path, default=ROOT / ".work/mutants")
    options = parser.parse_args()
    chosen = rows(options.names)
    directory = options.directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    tree = Tree(directory, options.swift, options.jobs)
    results = Results(directory / "results.jsonl", options.fresh)
    outcomes = {row["name"]: results.kept.get(tree.key(row)) for row in chosen}
    waiting = [row for row in chosen if outcomes[row["name"]] != "killed"]
    print(f"{len(chosen)} mutants, {len(chosen) - len(waiting)} known to be killed", flush=True)
    for suite in sorted({row.get("suite", "") for row in waiting}):
        prove_whole(tree, directory / "scratch/whole", suite, options.checks // 10)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        running = {
            pool.submit(
                try_row, tree, directory / f"scratch/{number}", row, options.checks
            ): row
            for number, row in enumerate(waiting)
        }
        for done in concurrent.futures.as_completed(running):
            row = running[done]
            outcomes[row["name"]] = done.result()
            results.add(row, tree.key(row), done.result())
    shutil.rmtree(directory / "scratch", ignore_errors=True)
    killed = sum(outcome == "killed" for outcome in outcomes.values())
    print(f"{len(chosen)} mutants, {killed} killed")
    for outcome, words in (
        ("no build", "rows that don't build"),
        ("survived", "missing tests, nothing noticed"),
    ):
        if names := [name for name, one in outcomes.items() if one == outcome]:
            print(f"mutants: {words}: " + "; ".join(names))
    if killed < len(chosen):
        sys.exit(1)


if __name__ == "__main__":
    main()
