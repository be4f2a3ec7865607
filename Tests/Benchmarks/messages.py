"""What the benchmarks ask: one organization and files of framed messages about it.

The organization has the size of the published comparisons: 100 members, 10 groups, 300 resources.
Everything comes from a fixed seed, so that two runs ask the same.
"""

import random
import struct

import api
import world
from api import pb

WORKSPACE = "prod"
KINDS = {  # how many of each, and what is asked of them
    "event_stream_source": (100, ["edit", "event_stream_source_live_events"]),
    "destination": (100, ["edit", "destination_live_events", "destination_failure_samples"]),
    "table": (50, ["edit", "table_live_events"]),
    "transformation": (50, ["edit", "transformation_live_events"]),
}
PAGE_IDS = 1_000


def _name(stem, i):
    """An id of 27 bytes."""
    return f"{stem[:10]}-{i:06d}".ljust(27, "x")


def member(i):
    return f"member-{i:04d}@example.com".ljust(27, "x")


def organization():
    """The document: a baseline for little, groups and members for the rest."""
    rng = random.Random(20)
    members = [member(i) for i in range(100)]
    groups = [f"group-{i}" for i in range(10)]
    resources = {kind: [_name(kind, i) for i in range(count)] for kind, (count, _) in KINDS.items()}

    def policy(share):
        granted, pii = {}, {}
        for kind, (count, actions) in KINDS.items():

            def some(kind=kind, count=count):
                return sorted(rng.sample(resources[kind], int(count * share)))

            granted[kind] = {"edit": some(), "connect": "all"}
            pii.update({action: some() for action in actions[1:]})
        return {"resources": granted, "pii": pii}

    return {
        "apiVersion": "verdict/v1",
        "model": "rudderstack",
        "organization": {
            "id": "bench",
            "plan": "enterprise",
            "owner": "owner@example.com",
            "members": members,
        },
        "groups": {
            group: {"members": sorted(rng.sample(members, 25)), "workspaces": [WORKSPACE]}
            for group in groups
        },
        "workspaces": {
            WORKSPACE: {
                "members": members,
                "resources": resources,
                "policies": {
                    "baseline": policy(0.05),
                    "groups": {group: policy(0.15) for group in groups},
                    "members": {member: policy(0.08) for member in members},
                },
            }
        },
    }


def random_checks(rng, count, principals=False):
    """Checks of one resource each, as dictionaries; with `principals` each has its own."""
    checks = []
    for _ in range(count):
        kind = rng.choice(list(KINDS))
        number, actions = KINDS[kind]
        one = {
            "action": rng.choice(actions),
            "resource": f"{kind}/{_name(kind, rng.randrange(number))}",
        }
        if principals:
            one["principal"] = member(rng.randrange(100))
        checks.append(one)
    return checks


def unary(rng):
    """One check in the plain form."""
    return pb.AuthorizeRequest(
        organization="bench",
        principal=member(rng.randrange(100)),
        workspace=WORKSPACE,
        checks=[pb.Check(**one) for one in random_checks(rng, 1)],
    )


def batch(rng, count, principals=False):
    """Checks in columns, of one principal or of one each."""
    return pb.AuthorizeRequest(
        organization="bench",
        principal=member(rng.randrange(100)),
        workspace=WORKSPACE,
        columns=api.columns(random_checks(rng, count, principals)),
    )


def example_batch(rng, count):
    """Checks in columns about what is in `examples/acme`: sources and destinations, to be seen or
    edited by a member."""
    checks = []
    for _ in range(count):
        kind, letter = rng.choice([("event_stream_source", "S"), ("destination", "D")])
        resource = f"{kind}/{letter}{rng.randrange(1, 4)}"
        checks.append({"action": rng.choice(["edit", "view"]), "resource": resource})
    return pb.AuthorizeRequest(
        organization="acme", principal="user:mia", workspace="prod", columns=api.columns(checks)
    )


def page(rng):
    """A page of personal data: 1 principal x 11 permissions x 1,000 ids."""
    blocks = []
    for kind, (number, _) in KINDS.items():
        names = [_name(kind, rng.randrange(number)) for _ in range(PAGE_IDS // len(KINDS))]
        blocks.append(pb.VisibilityBlock(resource_type=kind, ids=api.ids(names)))
    return pb.CheckVisibilityRequest(
        organization="bench",
        workspace=WORKSPACE,
        principals=[member(rng.randrange(100))],
        permissions=list(world.PII),
        blocks=blocks,
    )


def framed(message):
    body = message.SerializeToString()
    return struct.pack(">BI", 0, len(body)) + body


def write_file(path, count, make, *arguments):
    """A file of `count` different framed messages."""
    rng = random.Random(path.name)
    with open(path, "wb") as file:
        for _ in range(count):
            file.write(framed(make(rng, *arguments)))
    return path
