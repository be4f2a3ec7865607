"""CheckVisibility has to agree with Authorize, cell by cell, on random organizations."""

import pytest

import world
from api import ALLOW, Client, columns, ids, pb
from sidecar import Sidecar, publish

SEEDS = range(6)


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """One server with all the random organizations."""
    directory = tmp_path_factory.mktemp("worlds")
    documents = [world.random_organization(seed) for seed in SEEDS]
    for seed, document in zip(SEEDS, documents):
        world.write(document, directory / "policy" / f"{seed}.json")
    publish(directory / "control", directory / "policy")
    with Sidecar(directory, "--control", directory / "control") as sidecar:
        with Client(sidecar.tcp) as client:
            yield client, documents


def blocks(document, workspace, other):
    """Every type with known, unknown and foreign ids; transformations also with destinations."""
    result = []
    for kind in world.TYPES:
        known = world.resource_ids(document, workspace, kind)
        foreign = world.resource_ids(document, other, kind)[:1]
        result.append((kind, known + ["never-seen"] + foreign, "", []))
    transformations = world.resource_ids(document, workspace, "transformation")
    destinations = world.resource_ids(document, workspace, "destination")
    pairs = [(t, d) for t in transformations for d in destinations + [""]]
    result.append(("transformation", [t for t, _ in pairs], "destination", [d for _, d in pairs]))
    result.append(("spaceship", ["X"], "", []))
    return result


def cells(permission, block):
    kind, resources, target_kind, targets = block
    for i, resource in enumerate(resources):
        one = {"action": permission, "resource": f"{kind}/{resource}"}
        if targets and targets[i]:
            one["target"] = f"{target_kind}/{targets[i]}"
        yield one


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("workspace", ["one", "two"])
def test_visibility_equals_authorize_cell_by_cell(worlds, seed, workspace):
    client, documents = worlds
    document = documents[seed]
    organization = document["organization"]["id"]
    principals = [
        *document["organization"]["members"],
        "owner@example.com",
        "nobody@example.com",
        "service_token:robot",
        "personal_token:laptop",
    ]
    permissions = [*world.PII, "view", "edit"]
    asked = blocks(document, workspace, "two" if workspace == "one" else "one")
    response = client.stub.CheckVisibility(
        pb.CheckVisibilityRequest(
            organization=organization,
            workspace=workspace,
            principals=principals,
            permissions=permissions,
            blocks=[
                pb.VisibilityBlock(
                    resource_type=kind,
                    ids=ids(resources),
                    target_type=target_kind,
                    target_ids=ids(targets) if targets else None,
                )
                for kind, resources, target_kind, targets in asked
            ],
        ),
        timeout=20,
    )

    assert len(response.visible) == len(principals) * len(permissions) * len(asked)
    assert len(response.reasons) == len(principals) * len(permissions)
    bitmaps, shown = iter(response.visible), 0
    for row, principal in enumerate(principals):
        for column, permission in enumerate(permissions):
            reasons, any_shown = set(), False
            for block in asked:
                checks = list(cells(permission, block))
                request = pb.AuthorizeRequest(
                    organization=organization,
                    principal=principal,
                    workspace=workspace,
                    columns=columns(checks),
                )
                single = client.authorize(request)
                bitmap = next(bitmaps)
                assert len(bitmap) == (len(checks) + 7) // 8
                bits = [bitmap[i // 8] >> (i % 8) & 1 for i in range(8 * len(bitmap))]
                expected = [effect == ALLOW for effect in single.effects]
                expected += [False] * (len(bits) - len(expected))
                assert bits == expected, (seed, principal, permission, block[0])
                reasons.update(single.reasons)
                any_shown = any_shown or any(bits)
                shown += sum(bits)
            shared = reasons.pop() if len(reasons) == 1 and not any_shown else 0
            assert response.reasons[row * len(permissions) + column] == shared
    assert shown > 0


def test_a_whole_denial_names_its_reason(client):
    request = pb.CheckVisibilityRequest(
        organization="acme",
        workspace="prod",
        principals=[world.MIA, world.NINA, "nobody@acme.example"],
        permissions=["destination_live_events", "view"],
        blocks=[pb.VisibilityBlock(resource_type="destination", ids=ids(["D1", "D2"]))],
    )
    response = client.stub.CheckVisibility(request, timeout=20)
    assert [bitmap[0] for bitmap in response.visible] == [0, 0b11, 0, 0, 0, 0]
    reasons = list(response.reasons)
    assert reasons[1] == 0
    assert reasons[2:4] == [pb.REASON_NO_WORKSPACE_ACCESS] * 2
    assert reasons[4:6] == [pb.REASON_UNKNOWN_PRINCIPAL] * 2
    assert len(response.decision_id) == 16 and len(response.snapshot_digest) == 32


def test_a_page_of_many_cells_is_answered(client):
    """1,000 resources x 11 permissions x 20 principals, as a page of personal data asks."""
    names = ["S1", *(f"unknown-{i}" for i in range(999))]
    response = client.stub.CheckVisibility(
        pb.CheckVisibilityRequest(
            organization="acme",
            workspace="prod",
            principals=[world.MIA, world.ADAM] * 10,
            permissions=list(world.PII),
            blocks=[pb.VisibilityBlock(resource_type="event_stream_source", ids=ids(names))],
        ),
        timeout=20,
    )
    place = list(world.PII).index("event_stream_source_live_events")
    mia, adam = response.visible[place], response.visible[11 + place]
    assert mia == b"\1" + bytes(124)
    assert adam == b"\xff" * 125
