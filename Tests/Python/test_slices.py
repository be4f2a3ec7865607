"""Large requests: decided in slices or by workers, with the answers of small ones; nobody waits."""

import random
import threading
import time

import grpc
import pytest

import world
from api import Client, answers, columns, ids, pb
from sidecar import Sidecar, publish

WORKSPACE = "one"
ACTIONS = ["edit", "connect", "create_delete", *world.PII, "no_such_action"]


@pytest.fixture(scope="module")
def document():
    return world.random_organization(11, members=12, ids_per_type=40)


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory, document):
    directory = tmp_path_factory.mktemp("slices")
    world.write(document, directory / "policy" / "one.json")
    publish(directory / "control", directory / "policy")
    with Sidecar(directory, "--control", directory / "control", loops=1) as sidecar:
        yield sidecar


def random_checks(document, count, long_ids=False):
    """Checks of every kind: known and unknown ids, targets, actions, principals."""
    rng = random.Random(count)
    members = [*document["organization"]["members"], "service_token:robot", "nobody@example.com"]
    resources = [
        f"{kind}/{one}"
        for kind in world.TYPES
        for one in [*world.resource_ids(document, WORKSPACE, kind), "never-seen"]
    ]
    if long_ids:
        resources += [f"destination/{'x' * 200}{i}" for i in range(50)]
    checks = []
    for _ in range(count):
        one = {"action": rng.choice(ACTIONS), "principal": rng.choice(members)}
        if rng.random() < 0.95:
            one["resource"] = rng.choice(resources)
        if rng.random() < 0.2:
            one["target"] = rng.choice(resources)
        checks.append(one)
    return checks


def small(client, checks, form, **options):
    """The same, asked a few at a time."""
    result = []
    for start in range(0, len(checks), 200):
        result += getattr(client, form)(checks[start : start + 200], **options)
    return result


@pytest.mark.parametrize("messages", [False, True])
@pytest.mark.parametrize(
    "form, count, long_ids",
    [
        ("plain", 257, False),
        ("plain", 1_000, False),
        ("columns", 300, False),
        ("columns", 1_023, False),
        ("columns", 10_000, False),
        # More than 64 KiB: a worker's.
        ("plain", 1_000, True),
        ("columns", 10_000, True),
    ],
)
def test_a_large_request_gets_the_answers_of_small_ones(
    sidecar, document, form, count, long_ids, messages
):
    checks = random_checks(document, count, long_ids)
    with Client(sidecar.tcp) as client:
        options = {"workspace": WORKSPACE, "want_messages": messages}
        large = getattr(client, form)(checks, **options)
        assert len({one.reason for one in large}) > 5
        assert large == small(client, checks, form, **options)


@pytest.mark.parametrize(
    "principals, permissions, count, repeats",
    [
        (1, 11, 24, 1),
        (6, 11, 300, 1),
        # A thousand times a thousand cells, sliced within one id.
        (60, 10, 2, 1),
        # More texts than a loop makes.
        (13, 11, 1, 40),
        # More than 64 KiB.
        (1, 1, 30_000, 1),
    ],
)
def test_a_large_page_gets_the_answers_of_small_ones(
    sidecar, document, principals, permissions, count, repeats
):
    members = ["owner@example.com", *document["organization"]["members"], "nobody@example.com"]
    who = [members[i % len(members)] for i in range(principals)]
    what = (list(world.PII) * 10)[:permissions]
    known = world.resource_ids(document, WORKSPACE, "destination") + ["never-seen"]
    names = [known[i % len(known)] for i in range(count)]

    def page(some, blocks):
        return client.stub.CheckVisibility(
            pb.CheckVisibilityRequest(
                workspace=WORKSPACE,
                principals=who,
                permissions=what,
                blocks=[pb.VisibilityBlock(resource_type="destination", ids=ids(some))] * blocks,
            ),
            timeout=20,
        )

    def bits(response, block, blocks, i):
        pairs = range(len(who) * len(what))
        return [response.visible[pair * blocks + block][i // 8] >> (i % 8) & 1 for pair in pairs]

    with Client(sidecar.unix) as client:
        large = page(names, repeats)
        assert len(large.visible) == len(who) * len(what) * repeats
        alone = {name: bits(page([name], 1), 0, 1, 0) for name in dict.fromkeys(names)}
        for block in range(repeats):
            for i in range(0, count, max(1, count // 50)):
                assert bits(large, block, repeats, i) == alone[names[i]]
        assert any(any(one) for one in alone.values())


def test_a_million_cells_keep_nobody_waiting(sidecar, document):
    """On the only loop: small calls go on while many large pages are decided."""
    request = pb.CheckVisibilityRequest(
        workspace=WORKSPACE,
        principals=[f"user-{i % 12}@example.com" for i in range(100)],
        permissions=list(world.PII)[:10],
        blocks=[
            pb.VisibilityBlock(
                resource_type="destination", ids=ids([f"des-one-{i % 40}" for i in range(1_000)])
            )
        ],
    )
    one = pb.AuthorizeRequest(
        principal="user-1@example.com", workspace=WORKSPACE, checks=[pb.Check(action="edit")]
    )
    with Client(sidecar.tcp) as large, Client(sidecar.tcp) as client:
        client.authorize(one)
        running = [large.stub.CheckVisibility.future(request, timeout=60) for _ in range(8)]
        served = 0
        while not all(future.done() for future in running):
            client.authorize(one)
            served += 1
        assert served > 20
        first = running[0].result()
        assert all(future.result().visible == first.visible for future in running)


def test_each_answer_of_a_large_request_is_from_one_set(tmp_path, document):
    """Two sets that allow everything and nothing, swapped all the time."""
    directory = tmp_path / "policy"
    checks = [{"action": "edit", "resource": f"destination/des-one-{i % 40}"} for i in range(9_999)]

    def write(allowed):
        changed = world.random_organization(11, members=12, ids_per_type=40)
        policy = {"resources": {"destination": {"edit": "all"}}} if allowed else {}
        changed["workspaces"]["one"]["members"] = ["user-1@example.com"]
        changed["workspaces"]["one"]["policies"] = {"baseline": policy}
        changed["groups"] = {
            name: {**group, "members": []} for name, group in changed["groups"].items()
        }
        world.write(changed, directory / "one.json")
        publish(tmp_path / "control", directory)

    write(True)
    stopping = threading.Event()

    def swap():
        allowed = True
        while not stopping.is_set():
            allowed = not allowed
            write(allowed)

    swapping = threading.Thread(target=swap)
    with Sidecar(tmp_path, "--control", tmp_path / "control", loops=1) as sidecar:
        swapping.start()
        try:
            request = pb.AuthorizeRequest(
                principal="user-1@example.com", workspace=WORKSPACE, columns=columns(checks)
            )
            seen = {}
            end = time.monotonic() + 20
            with Client(sidecar.tcp) as client:
                while len(seen) < 2 or len(set(seen.values())) < 2 or len(seen) < 6:
                    assert time.monotonic() < end
                    many = [client.stub.Authorize.future(request, timeout=20) for _ in range(8)]
                    for future in many:
                        response = future.result()
                        # Known ids are all alike, in each set.
                        known = {response.effects[i] for i in range(len(checks)) if i % 40 < 1}
                        assert len(known) == 1
                        effect = seen.setdefault(response.generation, known.copy().pop())
                        assert {effect} == known
        finally:
            stopping.set()
            swapping.join()


def test_a_deadline_stops_a_large_request(sidecar, document):
    request = pb.AuthorizeRequest(
        workspace=WORKSPACE,
        want_messages=True,
        columns=columns(random_checks(document, 10_000)),
    )
    with Client(sidecar.tcp) as client:
        futures = [client.stub.Authorize.future(request, timeout=0.004) for _ in range(20)]
        codes = {future.code() for future in futures}
        assert grpc.StatusCode.DEADLINE_EXCEEDED in codes
        assert codes <= {
            grpc.StatusCode.DEADLINE_EXCEEDED,
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.OK,
        }
        # And the loop is free again.
        assert len(client.authorize(request).effects) == 10_000


def test_who_waits_gets_a_place_when_those_before_hang_up(sidecar, document):
    request = pb.AuthorizeRequest(
        workspace=WORKSPACE,
        want_messages=True,
        columns=columns(
            [{"action": "edit", "resource": f"destination/{i % 9}"} for i in range(10_000)]
        ),
    )
    assert len(request.SerializeToString()) < 64 << 10
    for _ in range(5):
        others = [Client(sidecar.tcp) for _ in range(4)]
        running = [one.stub.Authorize.future(request) for one in others for _ in range(8)]
        with Client(sidecar.unix) as client:
            waiting = [client.stub.Authorize.future(request, timeout=20) for _ in range(8)]
            for one in others:
                one.close()
            assert all(len(future.result().effects) == 10_000 for future in waiting)
        assert all(future.done() for future in running)


def test_long_messages_don_t_add_up_to_what_a_connection_may_hold(sidecar):
    """Each of four mebibytes, almost; all of them are far more than the limit."""
    names = [f"{'x' * 240}{i:06d}" for i in range(16_000)]
    page = pb.CheckVisibilityRequest(
        workspace=WORKSPACE,
        principals=["user-1@example.com"],
        permissions=["destination_live_events"],
        blocks=[pb.VisibilityBlock(resource_type="destination", ids=ids(names))],
    )
    assert 3 << 20 < page.ByteSize() < 4 << 20
    with Client(sidecar.tcp) as client:
        for _ in range(24):
            client.stub.CheckVisibility(page, timeout=20)


def test_requests_that_are_given_up_leave_nothing_behind(sidecar, document):
    request = pb.AuthorizeRequest(
        workspace=WORKSPACE, columns=columns(random_checks(document, 10_000))
    )

    def give_up(count):
        for _ in range(count):
            with Client(sidecar.unix) as client:
                for future in [client.stub.Authorize.future(request) for _ in range(10)]:
                    future.cancel()

    give_up(10)
    before = sidecar.resident_bytes()
    give_up(40)
    assert sidecar.resident_bytes() < before + (16 << 20)
    with Client(sidecar.unix) as client:
        assert len(answers(client.authorize(request))) == 10_000
