#!/usr/bin/env python3
"""Write the Reason enum of verdict.proto from the table in VerdictModel/Reason.swift.

usage: reasons.py REASON.swift IN.proto OUT.proto

Everything between the lines `// @reasons` and `// @end` is replaced. The two parts of the Swift
file, the enum's cases (numbers) and the table's rows (codes and texts), have to agree; where they
don't, this says so and writes nothing.
"""

import re
import sys

CASE = re.compile(r"^  case `?(\w+)`? = (\d+)$", re.MULTILINE)
ROW = re.compile(r'row\(\s*\.(\w+),\s*"(\w+)",\s*"((?:[^"\\]|\\.)*)"\s*\)')
BLOCK = re.compile(r"(// @reasons[^\n]*\n)(.*?)(// @end\n)", re.DOTALL)
LINE_COLUMNS = 100


def reasons(swift):
    """The closed list as (number, code, text), in wire order."""
    numbers = {name: int(number) for name, number in CASE.findall(swift)}
    rows = ROW.findall(swift)
    if not rows or sorted(numbers) != sorted(name for name, _, _ in rows):
        odd = set(numbers) ^ {name for name, _, _ in rows}
        sys.exit(
            f"reasons.py: cases and table rows disagree: {', '.join(sorted(odd)) or 'none found'}"
        )
    listed = [(numbers[name], code, text) for name, code, text in rows]
    if [number for number, _, _ in listed] != sorted(set(numbers.values())):
        sys.exit("reasons.py: the table is not in wire order, or a number is used twice")
    return listed


def enum(listed):
    """The enum as protocol buffer source; a text too long for the line goes above its value."""
    lines = ["enum Reason {", "  REASON_UNSPECIFIED = 0;"]
    twenty = 0
    for number, code, text in listed:
        if number // 20 != twenty:
            twenty = number // 20
            lines.append("")
        value = f"  REASON_{code.upper()} = {number};"
        if len(value) + len(text) + 4 <= LINE_COLUMNS:
            lines.append(f"{value}  // {text}")
        else:
            lines += [f"  // {text}", value]
    return "\n".join(lines + ["}", ""])


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    swift_path, in_path, out_path = sys.argv[1:]
    with open(swift_path, encoding="utf-8") as file:
        listed = reasons(file.read())
    with open(in_path, encoding="utf-8") as file:
        proto = file.read()
    renewed, blocks = BLOCK.subn(lambda m: m.group(1) + enum(listed) + m.group(3), proto)
    if blocks != 1:
        sys.exit(
            f"reasons.py: {in_path} has {blocks} blocks from `// @reasons` to `// @end`, not 1"
        )
    with open(out_path, "w", encoding="utf-8") as file:
        file.write(renewed)


if __name__ == "__main__":
    main()
