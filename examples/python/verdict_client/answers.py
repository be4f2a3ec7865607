"""What is answered. Whatever is not a clear allow is no allow."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from verdict.v1 import verdict_pb2 as pb

from .questions import Check


class Effect(enum.Enum):
    ALLOW = "allow"
    DENY = "deny"
    INDETERMINATE = "indeterminate"


_EFFECTS = {
    pb.EFFECT_ALLOW: Effect.ALLOW,
    pb.EFFECT_DENY: Effect.DENY,
    pb.EFFECT_INDETERMINATE: Effect.INDETERMINATE,
}


class MalformedReply(ValueError):
    """A reply that contradicts itself or its request: it answers nothing."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one check. True in a condition only where it is an allow."""

    check: Check
    effect: Effect
    reason: str
    permission: str = ""  # what was missing
    operand: str = ""  # on which: `self`, `target` or `related:TYPE/ID`
    message: str = ""  # one sentence for people, if it was asked for

    @property
    def is_allowed(self) -> bool:
        return self.effect is Effect.ALLOW

    def __bool__(self) -> bool:
        return self.is_allowed


@dataclass(frozen=True, slots=True)
class Answers(Sequence[Answer]):
    """One answer for each check, in order, from one snapshot."""

    items: tuple[Answer, ...]
    generation: int
    snapshot_digest: bytes
    decision_id: bytes

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        return self.items[index]

    def __iter__(self) -> Iterator[Answer]:
        return iter(self.items)

    def __bool__(self) -> bool:
        raise TypeError("whether a batch is allowed is not one question: use all(...) or any(...)")

    @classmethod
    def decode(cls, checks: Sequence[Check], reply: pb.AuthorizeResponse) -> Answers:
        count, missing = len(checks), reply.missing
        for name, found, allowed in (
            ("effects", len(reply.effects), (count,)),
            ("reasons", len(reply.reasons), (count,)),
            ("messages", len(reply.messages), (0, count)),
            ("missing.permission_of", len(missing.permission_of), (0, count)),
            ("missing.operand_of", len(missing.operand_of), (0, 2 * count)),
        ):
            if found not in allowed:
                raise MalformedReply(f"{name}: {found} for {count} checks")

        def named(names: Sequence[str], place: int) -> str:
            if place > len(names):
                raise MalformedReply(f"{place} of {len(names)} names")
            return names[place - 1] if place else ""

        items = []
        for index, check in enumerate(checks):
            effect = _EFFECTS.get(reply.effects[index])
            if effect is None:
                raise MalformedReply(f"effects[{index}]: {reply.effects[index]}")
            operand = int.from_bytes(missing.operand_of[2 * index : 2 * index + 2], "big")
            permission = missing.permission_of[index] if missing.permission_of else 0
            items.append(
                Answer(
                    check,
                    effect,
                    pb.Reason.Name(reply.reasons[index]).removeprefix("REASON_").lower(),
                    named(missing.permissions, permission),
                    named(missing.operands, operand),
                    reply.messages[index] if reply.messages else "",
                )
            )
        return cls(tuple(items), reply.generation, reply.snapshot_digest, reply.decision_id)


@dataclass(frozen=True, slots=True)
class Visibility:
    """Who may see what: (principal, permission) to the ids that are visible."""

    visible: dict[tuple[str, str], frozenset[str]]
    generation: int

    def sees(self, principal: str, permission: str, identifier: str) -> bool:
        """False too for whatever was not asked."""
        return identifier in self.visible.get((principal, permission), frozenset())
