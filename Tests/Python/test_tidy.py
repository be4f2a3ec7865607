"""The house's rules hold, and each of them would be missed."""

import pathlib

import pytest
import tidy


@pytest.fixture(scope="module")
def tree():
    return tidy.Tree()


@pytest.mark.parametrize("rule", tidy.RULES, ids=lambda rule: rule.__name__)
def test_the_rule_holds(rule, tree):
    findings = list(rule(tree))
    assert not findings, "\n".join(findings)


# For each rule a file that breaks it, and words of what is said then.
LONG = "x = [" + "1, " * 40 + "]\n"
BROKEN = {
    "lines_too_long": ("Sources/R/A.swift", f"let {LONG}", "columns"),
    "files_too_long": ("Sources/R/A.swift", "let a = 1\n" * 401, "401 lines"),
    "functions_too_long": (
        "Sources/R/A.swift",
        "struct A {\n  func f(\n    _ a: Int\n  ) {\n" + "    a()\n" * 70 + "  }\n}\n",
        "A.swift:2: a function of 73 lines",
    ),
    "markers": ("Sources/R/A.swift", "// TO" + "DO: more\n", "finish it"),
    "skipped_tests": ("Tests/R/A.swift", "@Test(.disabled" + "())\n", "skipped"),
    "machine_paths": ("docs/a.md", "see /ho" + "me/somebody/x\n", "one machine"),
    "unchecked_builds": ("Makefile", "build: -Oun" + "checked\n", "checks stay on"),
    "vague_names": ("Sources/R/A.swift", "final class SetManager {}\n", "noun"),
    "file_names": ("Sources/R/Cat.swift", "struct Dog {}\n", "nothing of `Cat`"),
    "foundation": ("Sources/R/A.swift", "internal import Foundation\n", "imports Foundation"),
    "unsafe_without_reason": (
        "Sources/R/A.swift",
        "struct A {\n  // SAFETY: one.\n  let a = unsafe b\n}\n\nlet c = unsafe d\n",
        "A.swift:6: 1 times",
    ),
    "dead_links": ("docs/a.md", "[b](b.md)\n", "leads nowhere"),
    "unknown_verbs": ("docs/a.md", "`make nothing`\n", "does not have"),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_breach_is_found_where_it_is(rule, tmp_path):
    name, text, words = BROKEN[rule]
    places = "LayoutDocument.swift\n"
    files = {"Makefile": "build: x\n", "ARCHITECTURE.md": places, name: text}
    findings = list(getattr(tidy, rule)(_tree(tmp_path, files)))
    assert len(findings) == 1 and words in findings[0] and name in findings[0], findings


def test_an_import_without_an_arrow_is_found(tmp_path):
    manifest = """
// swift-tools-version: 6.2
import PackageDescription
let package = Package(name: "p", targets: [
  .target(name: "A", dependencies: ["B"]), .target(name: "B"),
])
"""
    files = {
        "Package.swift": manifest.lstrip(),
        "Sources/A/A.swift": "internal import B\nimport struct Glibc.stat\n",
        "Sources/B/B.swift": "@testable import A\n",
    }
    findings = list(tidy.imports(_tree(tmp_path, files)))
    assert findings == [
        "Package.swift: A depends on B, which stands below it",
        "Sources/B/B.swift: imports A, on which B does not depend",
    ]


def test_every_rule_has_its_breach():
    assert {rule.__name__ for rule in tidy.RULES} == {*BROKEN, "imports"}


def _tree(root, files):
    for name, text in files.items():
        path = pathlib.Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tidy.Tree(root, sorted(files))
