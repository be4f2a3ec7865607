"""No decision allocates or counts references: read from the release binary's machine code."""

import pytest

from machine_code import Program
from sidecar import VERDICT


@pytest.fixture(scope="module")
def program():
    return Program(VERDICT)


def test_no_decision_allocates_or_counts_references(program):
    # Every way into the engine, and batches in columns; mangled: module, then type, then name.
    ways_in = program.named(r"^\$s13VerdictEngine0B0O.*decide")
    batches = program.named(r"^\$s13VerdictEngine11ColumnBatchV.*6decide")
    assert len(ways_in) >= 3 and batches
    reached = program.reachable(ways_in | batches)
    # The look-ups are among what is read, in a module of their own.
    assert any(name.startswith("$s15VerdictSnapshot") for name in reached)
    assert len(reached) > 15
    assert program.faults(ways_in | batches) == []


def test_the_decision_log_allocates_nothing_on_a_loop(program):
    """Of the kernel it asks the time alone, which is read from a page."""
    ways_in = program.named(r"^\$s10VerdictLog0B6SourceV4note")
    drafts = program.named(r"^\$s10VerdictLog0B5DraftV(5begin|6append|3add|3end|5wants|5count)")
    words = program.named(r"^\$s13VerdictServer8ServicesV4note")
    assert ways_in and len(drafts) >= 5 and words
    faults = program.faults(ways_in | drafts | words)
    assert {way[-1] for way in faults} <= {"clock_gettime@plt"}


@pytest.mark.parametrize(
    "pattern",
    [
        # Sentences are texts, which are allocated.
        r"^\$s13VerdictEngine12AnswerWriterV.*message",
        # A set is a block of memory.
        r"^\$s13VerdictEngine11SnapshotSetV.*fC$",
    ],
)
def test_what_does_allocate_is_seen(program, pattern):
    roots = program.named(pattern)
    assert roots
    seen = {way[-1].removesuffix("@plt") for way in program.faults(roots)}
    assert seen & {"swift_slowAlloc", "swift_bridgeObjectRetain", "swift_bridgeObjectRelease"}
