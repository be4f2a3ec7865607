"""What the functions of a program call, read from its machine code."""

import collections
import re
import subprocess

HEAD = re.compile(r"^([0-9a-f]+) <(.*)>:$")
# A jump into another function is a call in its last place.
CALL = re.compile(r"\t(?:call|jmp|j[a-z]+) +(?:([0-9a-f]+) <([^+>]*)(\+0x[0-9a-f]+)?>|(\*.*))$")
# Of libraries: what moves, compares or fills memory, and what ends the program.
ALLOWED = {"memcmp", "bcmp", "memcpy", "memmove", "memset", "__stack_chk_fail"}
# Where the runtime is part of the program it is forbidden by name.
FORBIDDEN = re.compile(r"^(_?swift_|malloc$|calloc$|realloc$|free$|posix_memalign|pthread_|_Zn|_Zd)")


class Program:
    """The functions of a program, and what each calls directly."""

    def __init__(self, path):
        self.calls = collections.defaultdict(set)
        self.indirect = set()
        name = None
        text = subprocess.run(
            ["objdump", "-d", "--no-show-raw-insn", str(path)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for line in text.splitlines():
            if found := HEAD.match(line):
                name = found.group(2)
                self.calls[name]
            elif name and (found := CALL.search(line)):
                target = found.group(2)
                if found.group(4):
                    # A jump by a table stays inside its function.
                    if "\tcall" in line:
                        self.indirect.add(name)
                elif target != name:
                    self.calls[name].add(target)

    def named(self, pattern):
        return {name for name in self.calls if re.search(pattern, name)}

    def reachable(self, roots):
        """The functions that direct calls lead to, libraries' included, each with a way there."""
        ways = {root: [root] for root in sorted(roots)}
        waiting = list(ways)
        while waiting:
            name = waiting.pop()
            # What stands for a library's function jumps by a table.
            callees = () if name.endswith("@plt") else self.calls.get(name, ())
            for callee in sorted(callees):
                if callee not in ways:
                    ways[callee] = [*ways[name], callee]
                    waiting.append(callee)
        return ways

    def faults(self, roots):
        """What the roots come to and may not, each with its way there; and calls by pointers."""
        faults = []
        for name, way in self.reachable(roots).items():
            library = name.removesuffix("@plt")
            if FORBIDDEN.match(library) or (library != name and library not in ALLOWED):
                faults.append(way)
            elif library == name and name in self.indirect:
                faults.append([*way, "a call by pointer"])
        return faults
