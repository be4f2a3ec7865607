"""The house's own rules, as far as a program can see them: ARCHITECTURE.md, "House rules".

Each rule is a generator of findings, one line each: the place first, then what to do about it.
"""

import ast
import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]

LINE_LENGTH_MAX = 100
FILE_LINE_COUNT_MAX = 400
# A suite in Python is a list of cases, and stays in one piece for longer.
SUITE_LINE_COUNT_MAX = 600
FUNCTION_LINE_COUNT_MAX = 70
ARCHITECTURE_LINE_COUNT_MAX = 300

# Tables and texts: rows of data, where a bound would only cut something in two.
TABLES = {"Tests/VerdictPolicyTests/InvalidDocumentTests.swift", "proto/reasons_page.py"}
# The one file of the product with Foundation; see docs/decisions/0005.
FOUNDATION_FILES = {
    "Sources/VerdictControl/LayoutDocument.swift",
}
# Foundation is too slow to start, and too large, for what runs in production. Tests may have it.
FOUNDATION = re.compile(r"^\s*(?:\w+ )*import Foundation", re.MULTILINE)
SYSTEM_MODULES = {"Glibc", "Synchronization"}

# A line that is a text or a row of a table and little else.
IN_ONE_PIECE = re.compile(r'"(?:[^"\\]|\\.){50,}|#".{50,}"#|\\$|^ *(?:/// \||- \{)')

CODE = {".swift", ".py", ".c", ".h", ".sh"}
SWIFT_FUNCTION = re.compile(
    r"^( *)(?:@\w+(?:\([^)]*\))? )*(?:\w+(?:\(\w+\))? )*"
    r"(?:func [^ (<]+|init[?!]?|subscript|deinit|var \w+[^={]*)[ (<{]"
)


class Tree:
    """A repository's files as git lists them, with their text."""

    def __init__(self, root=ROOT, names=None):
        self.root = pathlib.Path(root)
        if names is None:
            listed = subprocess.run(
                ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                cwd=root,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            names = listed.splitlines()
        self.names = [name for name in names if (self.root / name).is_file()]
        self._texts = {}
        self._declared = {}

    def declared(self, name):
        """The types that a file of Swift declares or extends."""
        if name not in self._declared:
            self._declared[name] = DECLARATION.findall(self.text(name))
        return self._declared[name]

    def text(self, name):
        if name not in self._texts:
            self._texts[name] = (self.root / name).read_text(errors="replace")
        return self._texts[name]

    def lines(self, name):
        return self.text(name).splitlines()

    def code(self, *tops):
        """Files of code that somebody wrote, below the given folders or everywhere."""
        for name in self.names:
            if name.startswith("Sources/CVerdictProto/") or pathlib.Path(name).is_symlink():
                continue
            if pathlib.PurePath(name).suffix in CODE and (not tops or name.startswith(tops)):
                yield name

    def swift(self, *tops):
        return (name for name in self.code(*tops) if name.endswith(".swift"))

    def pages(self):
        return (name for name in self.names if name.endswith(".md"))


# Sizes


def lines_too_long(tree):
    for name in tree.code():
        for number, line in enumerate(tree.lines(name), 1) if name not in TABLES else ():
            # A text, or a row of a table, is easier to read in one piece.
            if len(line) > LINE_LENGTH_MAX and not IN_ONE_PIECE.search(line):
                yield f"{name}:{number}: {len(line)} columns; break it at {LINE_LENGTH_MAX}"


def files_too_long(tree):
    for name in tree.code():
        count = len(tree.lines(name))
        bound = SUITE_LINE_COUNT_MAX if name.endswith(".py") else FILE_LINE_COUNT_MAX
        if count > bound and name not in TABLES:
            yield f"{name}: {count} lines; split it by state or aspect"
    count = len(tree.lines("ARCHITECTURE.md"))
    if count > ARCHITECTURE_LINE_COUNT_MAX:
        yield f"ARCHITECTURE.md: {count} lines; at most {ARCHITECTURE_LINE_COUNT_MAX}"


def swift_functions(lines):
    """(first, last) line numbers of each function, initialiser, subscript or computed property.

    The formatter holds the indentation, so a body ends at the first brace as far left as its
    beginning.
    """
    for first, line in enumerate(lines):
        found = SWIFT_FUNCTION.match(line)
        if not found:
            continue
        if line.rstrip().endswith("}") and line.count("{") == line.count("}"):
            yield first + 1, first + 1
            continue
        for last in range(first + 1, len(lines)):
            rest = lines[last]
            if rest.startswith(found[1] + "}"):
                yield first + 1, last + 1
                break
            if rest.strip() and len(rest) - len(rest.lstrip()) < len(found[1]):
                break
            # A signature over several lines goes on at the same column only with `{` or `)`.
            same = rest.startswith(found[1]) and rest[len(found[1]) :][:1].strip()
            if same and rest[len(found[1])] not in "{)":
                break


def functions_too_long(tree):
    for name in tree.swift():
        for first, last in swift_functions(tree.lines(name)):
            if last - first > FUNCTION_LINE_COUNT_MAX:
                yield f"{name}:{first}: a function of {last - first} lines; split it"
    for name in tree.code():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(tree.text(name))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                count = node.end_lineno - node.lineno - _data_line_count(node)
                if count > FUNCTION_LINE_COUNT_MAX:
                    yield f"{name}:{node.lineno}: a function of {count} lines; split it"


def _data_line_count(function):
    """Lines of the longest table that a function writes out: data, and no logic."""
    tables = [n for n in ast.walk(function) if isinstance(n, (ast.Dict, ast.List, ast.Tuple))]
    return max((table.end_lineno - table.lineno for table in tables), default=0)


# Words

MARKERS = re.compile(
    r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b"
    r"|not implemented " + "yet"
)
SKIPS = re.compile(
    r"\.disabled" + r"\(|XCT" + r"Skip|pytest\.mark\.(?:skip|xfail)|pytest\." + r"skip\("
    r"|importor" + r"skip|withKnown" + r"Issue|unittest\." + r"skip"
)
HOME = re.compile(r"(?<![\w.])/(?:home|Users|root|work" + r")/\w")
UNCHECKED = "-Oun" + "checked"
VAGUE = re.compile(
    r"^ *(?:\w+ )*(?:class|struct|enum|protocol|actor|typealias) \w*(?:Manager|Helper|Utils?)\b"
)


def _matches(tree, names, pattern, advice):
    for name in names:
        for number, line in enumerate(tree.lines(name), 1):
            found = pattern.search(line)
            if found:
                yield f"{name}:{number}: `{found[0].strip()}`; {advice}"


def markers(tree):
    yield from _matches(tree, tree.code(), MARKERS, "finish it, or leave it out")
    yield from _matches(tree, ["Makefile", *tree.pages()], MARKERS, "finish it, or leave it out")


def skipped_tests(tree):
    yield from _matches(tree, tree.code("Tests/"), SKIPS, "no test is skipped or excused")


def machine_paths(tree):
    names = [name for name in tree.names if pathlib.PurePath(name).name != "LICENSE"]
    yield from _matches(tree, names, HOME, "a path of one machine has no place here")


def unchecked_builds(tree):
    for name in tree.names:
        text = tree.text(name)
        for number, line in enumerate(text.splitlines(), 1) if UNCHECKED in text else ():
            # The rule itself may be told.
            if UNCHECKED in line and f"never `{UNCHECKED}`" not in line.lower().replace(
                UNCHECKED.lower(), UNCHECKED
            ):
                yield f"{name}:{number}: `{UNCHECKED}`; checks stay on in release"


def vague_names(tree):
    yield from _matches(tree, tree.swift(), VAGUE, "call it by a noun that could be a heading")


# Files and rooms


DECLARATION = re.compile(
    r"^ *(?:@?\w+(?:\([^)]*\))? )*?"
    r"(?:struct|class|enum|protocol|actor|typealias|extension) ([\w.]+)",
    re.MULTILINE,
)
# Files of many small things of one kind are called after the kind.
KINDS = ("Messages", "Format", "Types")


def _words(name):
    return {word.rstrip("s") for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]+", name)}


def file_names(tree):
    """`Type.swift` and `Type+Aspect.swift` are called after what they declare or extend."""
    for name in tree.swift("Sources/"):
        path = pathlib.PurePath(name)
        kind = path.stem.partition("+")[0]
        if not re.fullmatch(r"[A-Z]\w*(?:\+[A-Z]\w*)?", path.stem):
            yield f"{name}: call it `Type.swift` or `Type+Aspect.swift`"
        elif "+" in path.stem:
            room = "/".join(path.parts[:2]) + "/"
            known = {path.parent.name}
            for other in tree.swift(room):
                known.add(pathlib.PurePath(other).stem)
                known.update(tree.declared(other))
            if kind not in known:
                yield f"{name}: there is no `{kind}` in {room} of which this could be an aspect"
        elif not kind.endswith(KINDS):
            if not any(_words(kind) & _words(other) for other in tree.declared(name)):
                yield f"{name}: says nothing of `{kind}`; call it after the type that it declares"


IMPORT = re.compile(
    r"^ *(?:@\w+(?:\(\w+\))? )*(?:public |internal |package |private )?"
    r"import (?:(?:struct|class|enum|func|typealias|protocol) )?(\w+)",
    re.MULTILINE,
)


def imports(tree):
    """A room imports what Package.swift says that it depends on, and points only downwards."""
    targets = package(tree.root)
    order = [target["name"] for target in targets]
    for target in targets:
        room = target["name"]
        names = {name for kind in target["dependencies"] for name in _name(kind)}
        if target["type"] == "test":
            names.add("Testing")
        for name in sorted(names & set(order)):
            if order.index(name) > order.index(room):
                yield f"Package.swift: {room} depends on {name}, which stands below it"
        folder = target.get("path") or f"{'Tests' if target['type'] == 'test' else 'Sources'}/{room}"
        for name in tree.swift(folder + "/"):
            allowed = names | SYSTEM_MODULES
            if name in FOUNDATION_FILES or target["type"] == "test":
                allowed |= {"Foundation", "FoundationEssentials"}
            for module in IMPORT.findall(tree.text(name)):
                if module not in allowed:
                    yield f"{name}: imports {module}, on which {room} does not depend"


def package(root):
    """The targets of Package.swift, in its order."""
    swift = os.environ.get("SWIFT", "swift")
    done = subprocess.run(
        [swift, "package", "--ignore-lock", "dump-package"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)["targets"]


def _name(dependency):
    for what in ("byName", "product", "target"):
        if what in dependency:
            yield dependency[what][0]


def foundation(tree):
    for name in tree.swift("Sources/"):
        if FOUNDATION.search(tree.text(name)) and name not in FOUNDATION_FILES:
            yield f"{name}: imports Foundation; only {sorted(FOUNDATION_FILES)} may"
    for name in FOUNDATION_FILES:
        if pathlib.PurePath(name).name not in tree.text("ARCHITECTURE.md"):
            yield f"ARCHITECTURE.md: does not name {name} as the place with Foundation"


# Unsafe code

SAFETY = re.compile(r"// SAFETY(?: of [\w ]+)?:")
# A comment of its own at the left edge speaks for its file.
SAFETY_OF_FILE = re.compile(r"^// SAFETY of (?:this file|all functions here):", re.MULTILINE)
UNSAFE = re.compile(r"(?<![@\w(])unsafe\b(?!\()")


def unsafe_without_reason(tree):
    """A type or extension with `unsafe` in it has a `SAFETY:` line, inside or just above."""
    for name in tree.swift("Sources/"):
        if SAFETY_OF_FILE.search(tree.text(name)):
            continue
        lines = tree.lines(name)
        starts = [n for n, line in enumerate(lines) if re.match(r"[@a-z]", line)]
        for start, end in zip(starts, [*starts[1:], len(lines)]):
            region = lines[start:end]
            while start and lines[start - 1].startswith("//"):
                start -= 1
            uses = [line for line in region if UNSAFE.search(line.partition("//")[0])]
            if uses and not any(map(SAFETY.search, lines[start:end])):
                yield (
                    f"{name}:{start + 1}: {len(uses)} times `unsafe`, and no `// SAFETY:` line "
                    "says why it holds"
                )


# Pages


def _anchor(heading):
    text = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip()).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def dead_links(tree):
    for name in tree.pages():
        text = re.sub(r"```.*?```", lambda m: "\n" * m[0].count("\n"), tree.text(name), flags=re.S)
        for number, line in enumerate(text.splitlines(), 1):
            for target in re.findall(r"\]\(([^)\s]+)\)", line):
                if re.match(r"[a-z]+:", target):
                    continue
                path, _, anchor = target.partition("#")
                place = (tree.root / name).parent / path if path else tree.root / name
                if not place.exists():
                    yield f"{name}:{number}: the link to `{target}` leads nowhere"
                elif anchor and place.suffix == ".md":
                    headings = re.findall(r"^#+ (.*)$", place.read_text(), re.MULTILINE)
                    if anchor not in map(_anchor, headings):
                        yield f"{name}:{number}: no heading `#{anchor}` in {path or name}"


def unknown_verbs(tree):
    """Every `make VERB` that a page names is one that the Makefile has."""
    verbs = set(re.findall(r"^([a-z][\w-]*):", tree.text("Makefile"), re.MULTILINE))
    for name in [*tree.pages(), "Makefile"]:
        for number, line in enumerate(tree.lines(name), 1):
            spans = re.findall(r"`make ([a-z][\w-]*)", line)
            spans += re.findall(r"^(?:\$ )?make ([a-z][\w-]*)", line)
            for verb in spans:
                if verb not in verbs:
                    yield f"{name}:{number}: `make {verb}`, which the Makefile does not have"


RULES = [
    lines_too_long,
    files_too_long,
    functions_too_long,
    markers,
    skipped_tests,
    machine_paths,
    unchecked_builds,
    vague_names,
    file_names,
    imports,
    foundation,
    unsafe_without_reason,
    dead_links,
    unknown_verbs,
]
