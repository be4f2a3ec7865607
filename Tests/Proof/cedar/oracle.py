"""Compares the engine's effects in random worlds with those of Cedar, an engine of others.

`verdict-prove export` makes the worlds; each document becomes Cedar policies and entities.
Exits 1 when an effect differs.
"""

import argparse
import itertools
import json
import multiprocessing
import subprocess
import sys
import time

import cedarpy
import yaml
from rudderstack import RudderStack
from segment import Segment

MODELS = {"rudderstack": RudderStack, "segment": Segment}
# Disagreements that are told.
TOLD_MAX = 10


class Oracle:
    """One organization, ready to be asked."""

    def __init__(self, text):
        # Every scalar as its text: `1e3` is an id.
        document = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
        self.name = document["organization"]["id"]
        self.translation = MODELS[document["model"]](document)
        self.plan = document["model"], document["organization"]["plan"]
        self.policies = cedarpy.PolicySet.from_str("\n".join(self.translation.policies))
        self.entities = cedarpy.Entities.from_json_str(json.dumps(self.translation.entities))

    def effects(self, checks):
        requests = [self.translation.request(check) for check in checks]
        results = cedarpy.is_authorized_batch(requests, self.policies, self.entities)
        for check, result in zip(checks, results, strict=True):
            if result.diagnostics.errors:
                raise AssertionError(f"{check}: {result.diagnostics.errors}")
        return ["allow" if result.allowed else "deny" for result in results]


def compare(line):
    """One exported world: its effects by (model, plan), and what Cedar decides otherwise."""
    world = json.loads(line)
    oracles = [Oracle(text) for text in world["documents"]]
    counts, differences = {}, []
    for oracle in oracles:
        checks = [
            check
            for check in world["checks"]
            if check.get("organization") == oracle.name or len(oracles) == 1
        ]
        for check, effect in zip(checks, oracle.effects(checks), strict=True):
            key = (*oracle.plan, effect)
            counts[key] = counts.get(key, 0) + 1
            if effect != check["effect"]:
                differences.append(f"seed {world['seed']}: Cedar says {effect}: {check}")
    if sum(counts.values()) != len(world["checks"]):
        raise AssertionError(f"seed {world['seed']}: a check of no organization")
    return counts, differences


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("prover", help="verdict-prove")
    parser.add_argument("--checks", type=int, default=20_000)
    parser.add_argument("--per-world", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    worlds = -(-options.checks // options.per_world)
    command = [options.prover, "export", "--seed", options.seed, "--worlds", worlds]
    command += ["--per-world", options.per_world]
    print(f"cedar: seeds {options.seed} to {options.seed + worlds - 1}")
    start = time.monotonic()
    export = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
    total, differences = {}, []
    with multiprocessing.Pool(options.jobs) as pool:
        # In pieces, so that a world is not made long before it is asked.
        while lines := list(itertools.islice(export.stdout, 16 * options.jobs)):
            for counts, found in pool.imap_unordered(compare, lines):
                differences += found
                for key, count in counts.items():
                    total[key] = total.get(key, 0) + count
    if export.wait() != 0:
        sys.exit("cedar: the export failed")
    for key in sorted(total):
        print("  " + " ".join(key), total[key])
    for difference in differences[:TOLD_MAX]:
        print(difference)
    asked = sum(total.values())
    seconds = time.monotonic() - start
    print(f"  {worlds} worlds, {asked} checks, {len(differences)} disagreements, {seconds:.1f} s")
    if differences or asked < options.checks:
        sys.exit(1)


if __name__ == "__main__":
    main()
