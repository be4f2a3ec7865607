#!/usr/bin/env python3
"""Runs the fuzzers that `Tests/Fuzz/build` has built.

    fuzz.py run TARGET SECONDS    go on from the corpus, keep what is new in .build-fuzz/corpus
    fuzz.py smoke [SECONDS]       each target for a moment; the canary has to be found
    fuzz.py merge TARGET          reduce what was found to a small corpus, in Tests/Fuzz/corpus
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FUZZER = ROOT / ".build-fuzz/verdict-fuzz"
FOUND = ROOT / ".build-fuzz/corpus"
FINDINGS = ROOT / ".build-fuzz/findings"
CORPUS = ROOT / "Tests/Fuzz/corpus"

# The longest input in bytes. Longer ones find nothing new, and slow everything down.
TARGETS = {
    "http2": 2048, "headers": 1024, "request": 2048, "snapshot": 256, "document": 4096,
    "gateway": 2048, "routes": 2048,
}  # fmt: skip
CANARY_SECONDS = 60
# One input that takes longer is a finding, as is one that takes more memory.
INPUT_SECONDS = 20
MEMORY_MEGABYTES = 3072
CORPUS_FILE_COUNT_MAX = 200


def command(target, *arguments):
    length = TARGETS.get(target, 8)
    prefix = FINDINGS / f"{target}-"
    options = [f"-max_len={length}", f"-timeout={INPUT_SECONDS}", f"-artifact_prefix={prefix}"]
    options += [f"-rss_limit_mb={MEMORY_MEGABYTES}", "-print_final_stats=1"]
    words = ROOT / f"Tests/Fuzz/{target}.dict"
    if words.exists():
        options.append(f"-dict={words}")
    return [str(FUZZER), *options, *map(str, arguments)]


def environment(target):
    # A trap is a finding at once; Swift's own backtracer would take minutes for each.
    return {**os.environ, "FUZZ_TARGET": target, "SWIFT_BACKTRACE": "enable=no"}


def start(target, log, *arguments):
    FINDINGS.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        command(target, *arguments),
        env=environment(target),
        stdout=subprocess.DEVNULL,
        stderr=log.open("wb"),
    )


def run(target, seconds):
    found = FOUND / target
    found.mkdir(parents=True, exist_ok=True)
    (CORPUS / target).mkdir(parents=True, exist_ok=True)
    FINDINGS.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        command(target, f"-max_total_time={seconds}", found, CORPUS / target),
        env=environment(target),
    )
    if done.returncode:
        sys.exit(f"fuzz: {target} found something; its input lies in {FINDINGS.relative_to(ROOT)}")


def smoke(seconds):
    """All targets at once, two at a time: the corpus first, then what `seconds` bring."""
    with tempfile.TemporaryDirectory() as scratch:
        waiting = ["canary", *TARGETS]
        running = {}
        failures = []
        while waiting or running:
            while waiting and len(running) < 2:
                target = waiting.pop(0)
                place = pathlib.Path(scratch) / target
                place.mkdir()
                limit = CANARY_SECONDS if target == "canary" else seconds
                corpus = [CORPUS / target] if (CORPUS / target).is_dir() else []
                log = pathlib.Path(scratch) / f"{target}.log"
                running[target] = start(target, log, f"-max_total_time={limit}", place, *corpus)
            for target, process in list(running.items()):
                if process.poll() is None:
                    continue
                del running[target]
                log = pathlib.Path(scratch) / f"{target}.log"
                text = log.read_text(errors="replace")
                problem = verdict(target, process.returncode, text)
                print(f"fuzz-smoke: {target}: {problem or summary(target, text)}", flush=True)
                if problem:
                    failures.append(target)
                    print(text[-6000:])
            time.sleep(0.05)
    if failures:
        sys.exit(f"fuzz-smoke: {', '.join(failures)} failed")


def verdict(target, code, text):
    """What is wrong with how a run ended, or None."""
    if target == "canary":
        if code == 0 or "the canary has been found" not in text and "deadly signal" not in text:
            return "a bug on purpose was not found: the fuzzers find nothing"
        return None
    if code:
        return f"found something; its input lies in {FINDINGS.relative_to(ROOT)}"
    if runs(text) < 50:
        return "hardly ran at all"
    return None


def runs(text):
    for line in text.splitlines():
        if "stat::number_of_executed_units" in line:
            return int(line.split()[-1])
    return 0


def summary(target, text):
    return "found, as it should be" if target == "canary" else f"{runs(text)} inputs"


def merge(target):
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        sources = [place / target for place in (CORPUS, FOUND) if (place / target).is_dir()]
        subprocess.run(
            command(target, "-merge=1", scratch, *sources), env=environment(target), check=True
        )
        # The small ones first: what they reach, large ones need not.
        files = sorted(scratch.iterdir(), key=lambda file: (file.stat().st_size, file.name))
        place = CORPUS / target
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for file in thinned(files):
            shutil.copy(file, place / file.name)
    print(f"fuzz: {len(list(place.iterdir()))} inputs in {place.relative_to(ROOT)}")


def thinned(files):
    """At most as many as are kept, of all sizes alike."""
    if len(files) <= CORPUS_FILE_COUNT_MAX:
        return files
    return [files[i * len(files) // CORPUS_FILE_COUNT_MAX] for i in range(CORPUS_FILE_COUNT_MAX)]


def main(arguments):
    match arguments:
        case ["run", target, seconds] if target in TARGETS or target == "canary":
            run(target, int(seconds))
        case ["smoke", *seconds]:
            smoke(int(seconds[0]) if seconds else 5)
        case ["merge", target] if target in TARGETS:
            merge(target)
        case _:
            sys.exit(f"{__doc__.strip()}\n\nTARGET: {', '.join(TARGETS)}, canary")


if __name__ == "__main__":
    main(sys.argv[1:])
