"""What is asked, and how it is packed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from verdict.v1 import verdict_pb2 as pb


@dataclass(frozen=True, slots=True)
class Check:
    """May a principal do something?

    `resource` and `target` are `TYPE/ID`, or `TYPE` where the action takes a type (`create`).
    `principal` and `workspace` stand in for the request's own where they are given.
    """

    action: str
    resource: str = ""
    target: str = ""
    principal: str = ""
    workspace: str = ""

    def message(self) -> pb.Check:
        return pb.Check(
            action=self.action,
            resource=self.resource,
            target=self.target,
            principal=self.principal,
            workspace=self.workspace,
        )


def ids(values: Iterable[str]) -> pb.Ids:
    """A list of ids: their bytes, and one byte for the length of each."""
    encoded = [value.encode() for value in values]
    for value in encoded:
        if len(value) > 255:
            raise ValueError(f"an id has at most 255 bytes, not {len(value)}: {value[:40]!r}...")
    return pb.Ids(data=b"".join(encoded), lengths=bytes(map(len, encoded)))


def columns(checks: Sequence[Check]) -> pb.CheckColumns:
    """Checks as columns: whatever repeats is sent once."""
    packed = pb.CheckColumns(count=len(checks))

    def dictionary(name: str, values: list[str]) -> None:
        distinct = list(dict.fromkeys(values))
        if distinct == [""]:
            return
        if len(distinct) > 256:
            raise ValueError(f"a batch has at most 256 different values of {name}")
        places = {value: place for place, value in enumerate(distinct)}
        getattr(packed, f"{name}s").extend(distinct)
        setattr(packed, f"{name}_of", bytes(places[value] for value in values))

    dictionary("action", [check.action for check in checks])
    dictionary("workspace", [check.workspace for check in checks])
    for name in ("resource", "target"):
        halves = [getattr(check, name).partition("/") for check in checks]
        dictionary(f"{name}_type", [kind for kind, _, _ in halves])
        if any(identifier for _, _, identifier in halves):
            getattr(packed, f"{name}_ids").CopyFrom(ids(half[2] for half in halves))
    if any(check.principal for check in checks):
        packed.principals.CopyFrom(ids(check.principal for check in checks))
    return packed
