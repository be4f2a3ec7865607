"""`min_generation`: an answer from policies that are new enough, or none."""

import threading
import time

import grpc
import pytest

import world
from api import ALLOW, DENY, Client, columns, pb
from metrics import hits, limit_hits
from sidecar import Sidecar, publish, wait_until
from world import MIA

STALE = grpc.StatusCode.FAILED_PRECONDITION


class World:
    """A server, and policies in which Mia may edit D3 or may not."""

    def __init__(self, directory):
        self.control, self.path = directory / "control", directory / "acme.json"
        self.publish(False)
        self.admin = directory / "admin.sock"
        arguments = ["--control", self.control, "--admin", f"unix:{self.admin}"]
        self.sidecar = Sidecar(directory / "run", *arguments, loops=1)

    def publish(self, may_edit):
        document = world.worked_example()
        destination = document["workspaces"]["prod"]["policies"]["baseline"]["resources"]
        destination["destination"]["edit"] = ["D1", "D3"] if may_edit else ["D1"]
        publish(self.control, world.write(document, self.path))

    def generation(self, client):
        return client.info().organizations[0].generation


@pytest.fixture
def acme_world(tmp_path):
    one = World(tmp_path)
    with one.sidecar:
        yield one


def request(generation, organization="acme"):
    return pb.AuthorizeRequest(
        organization=organization,
        principal=MIA,
        workspace="prod",
        checks=[pb.Check(action="edit", resource="destination/D3")],
        min_generation=generation,
    )


def visibility(generation):
    return pb.CheckVisibilityRequest(
        organization="acme",
        workspace="prod",
        principals=[MIA],
        permissions=["edit"],
        blocks=[
            pb.VisibilityBlock(
                resource_type="destination", ids=pb.Ids(data=b"D3", lengths=b"\2")
            )
        ],
        min_generation=generation,
    )


def failure(call):
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value


def test_what_is_in_force_is_answered_at_once(acme_world):
    with Client(acme_world.sidecar.unix) as client:
        now = acme_world.generation(client)
        for wanted in range(now + 1):
            answer = client.authorize(request(wanted))
            assert list(answer.effects) == [DENY] and answer.generation == now


def test_a_publish_while_they_wait_satisfies_all_who_wait(acme_world):
    with Client(acme_world.sidecar.unix) as client:
        wanted = acme_world.generation(client) + 1
        calls = [client.stub.Authorize.future(request(wanted), timeout=20) for _ in range(100)]
        page = client.stub.CheckVisibility.future(visibility(wanted), timeout=20)
        # Others are answered meanwhile, on the same connection and loop.
        for _ in range(20):
            assert list(client.authorize(request(0)).effects) == [DENY]
        assert not any(call.done() for call in calls) and not page.done()
        acme_world.publish(True)
        for call in calls:
            answer = call.result()
            assert list(answer.effects) == [ALLOW] and answer.generation == wanted
        assert page.result().visible == [b"\1"] and page.result().generation == wanted


def test_a_publish_that_is_not_new_enough_answers_nobody(acme_world):
    with Client(acme_world.sidecar.unix) as client:
        now = acme_world.generation(client)
        call = client.stub.Authorize.future(request(now + 2), timeout=20)
        acme_world.publish(True)
        wait_until(lambda: acme_world.generation(client) == now + 1, "the first publish")
        assert list(client.authorize(request(now + 1)).effects) == [ALLOW]
        assert not call.done()
        acme_world.publish(False)
        assert list(call.result().effects) == [DENY] and call.result().generation == now + 2


@pytest.mark.parametrize("ask", [request, visibility])
def test_shortly_before_the_deadline_it_fails_and_says_what_is_in_force(acme_world, ask):
    with Client(acme_world.sidecar.unix) as client:
        now = acme_world.generation(client)
        method = client.stub.Authorize if ask is request else client.stub.CheckVisibility
        started = time.monotonic()
        with hits(acme_world.admin, policies_timeout=1):
            error = failure(lambda: method(ask(now + 1), timeout=0.8))
            seconds = time.monotonic() - started
        assert error.code() == STALE
        assert f"{now} is in force, {now + 1} was asked for" in error.details()
        assert 0.6 < seconds < 0.8


def test_without_a_deadline_it_waits_ten_seconds(acme_world):
    with Client(acme_world.sidecar.unix) as client:
        started = time.monotonic()
        error = failure(lambda: client.stub.Authorize(request(1 << 60)))
        assert error.code() == STALE and 9.5 < time.monotonic() - started < 12


def test_an_organization_that_is_not_loaded_is_waited_for_too(acme_world):
    with Client(acme_world.sidecar.unix) as client:
        error = failure(lambda: client.stub.Authorize(request(1, "globex"), timeout=0.5))
        assert error.code() == STALE and "no policies are loaded" in error.details()


def test_those_who_give_up_are_forgotten_and_more_than_1024_don_t_wait(acme_world):
    with Client(acme_world.sidecar.unix) as client:
        now = acme_world.generation(client)
        clients = [Client(acme_world.sidecar.unix) for _ in range(5)]
        calls = [
            one.stub.Authorize.future(request(now + 1), timeout=20)
            for one in clients
            for _ in range(250)
        ]
        wait_until(
            lambda: sum(call.done() for call in calls) == 5 * 250 - 1024, "the rest is refused"
        )
        wait_until(
            lambda: limit_hits(acme_world.admin)["waiting_for_policies"] == 5 * 250 - 1024,
            "and counted",
        )
        assert all(call.code() == STALE for call in calls if call.done())
        left = [call for call in calls if not call.done()]
        for call in left[:500]:
            call.cancel()
        for one in clients[4:]:
            one.close()
        acme_world.publish(True)
        for call in left[500:750]:
            assert call.result().generation == now + 1
        assert list(client.authorize(request(now + 1)).effects) == [ALLOW]
        for one in clients:
            one.close()


def test_a_drain_waits_for_those_who_wait(acme_world):
    with Client(acme_world.sidecar.unix) as client:
        now = acme_world.generation(client)
        call = client.stub.Authorize.future(request(now + 1), timeout=1.5)
        list(client.authorize(request(0)).effects)
        stopper = threading.Thread(target=acme_world.sidecar.stop)
        stopper.start()
        assert call.code() == STALE
        stopper.join()


@pytest.mark.parametrize("id_byte_count", [2, 20])
def test_a_large_request_waits_too(acme_world, id_byte_count):
    """In slices on the loop, and, as a message above 64 KiB, with a worker."""
    names = ["D3", *(f"D{i}".ljust(id_byte_count, "x") for i in range(100, 5_099))]
    asked = pb.AuthorizeRequest(
        organization="acme",
        principal=MIA,
        workspace="prod",
        columns=columns([{"action": "edit", "resource": f"destination/{one}"} for one in names]),
    )
    assert (len(asked.SerializeToString()) > 64 << 10) == (id_byte_count == 20)
    with Client(acme_world.sidecar.unix) as client:
        asked.min_generation = acme_world.generation(client) + 1
        future = client.stub.Authorize.future(asked, timeout=20)
        late = client.stub.Authorize.future(asked, timeout=0.2)
        assert late.exception().code() == STALE
        assert not future.done()
        acme_world.publish(True)
        assert future.result().effects[0] == ALLOW
        assert future.result().generation >= asked.min_generation
