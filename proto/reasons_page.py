#!/usr/bin/env python3
"""Write the documentation page of reasons from the tables in VerdictModel.

usage: reasons_page.py REASON.swift REASON+ADVICE.swift OUT.md

Numbers, codes and texts come from the first file, what to do about each from the second.
"""

import re
import sys

from reasons import CASE, reasons

ADVICE = re.compile(r'case \.`?(\w+)`?:\s+"((?:[^"\\]|\\.)*)"')

HEAD = """# Reasons

Every answer has a reason: why it came out as it did. The list is closed; numbers and codes are stable. The number is the
value of `verdict.v1.Reason` on the wire, the code stands in JSON. `{permission}` and `{operand}` are filled in with names
for people.

This page is made from `Sources/VerdictModel/Reason.swift` and `Reason+Advice.swift`: `make proto` writes it.
"""

GROUPS = [
    (1, "Allowed", "Effect `allow`."),
    (20, "Denied", "Effect `deny`. Where a permission is missing, the answer names it and its operand."),
    (
        40,
        "Denied by gateways",
        "Effect `deny`, before anything is decided. A line of a batch that can't be read is `bad_request` too, but indeterminate.",
    ),
    (60, "The request is at fault", "Effect `indeterminate`, which is never an allow."),
    (80, "The server is at fault", "Effect `indeterminate`, which is never an allow."),
]


def advices(swift, names):
    """What to do, by the enum's case; every case has one."""
    found = dict(ADVICE.findall(swift))
    if sorted(found) != sorted(names):
        odd = ", ".join(sorted(set(found) ^ set(names)))
        sys.exit(f"reasons_page.py: reasons without advice, or advice without reason: {odd}")
    return found


def page(listed, advice):
    """The page; `listed` is (number, code, text), `advice` by number."""
    lines = [HEAD]
    for index, (first, title, words) in enumerate(GROUPS):
        end = GROUPS[index + 1][0] if index + 1 < len(GROUPS) else 256
        lines += [f"## {title}", "", words, ""]
        lines += ["| # | Code | For people | What to do |", "|---|---|---|---|"]
        for number, code, text in listed:
            if first <= number < end:
                lines.append(f"| {number} | `{code}` | {text} | {advice[number]} |")
        lines.append("")
    return "\n".join(lines)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    reason_path, advice_path, out_path = sys.argv[1:]
    with open(reason_path, encoding="utf-8") as file:
        swift = file.read()
    numbers = {name: int(number) for name, number in CASE.findall(swift)}
    with open(advice_path, encoding="utf-8") as file:
        found = advices(file.read(), numbers)
    advice = {numbers[name]: text for name, text in found.items()}
    with open(out_path, "w", encoding="utf-8") as file:
        file.write(page(reasons(swift), advice))


if __name__ == "__main__":
    main()
