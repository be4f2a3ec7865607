"""Health, server information, and many calls at once."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from api import ALLOW, DENY, Client, pb
from world import MIA

DEFAULTS = {"organization": "acme", "principal": MIA, "workspace": "prod"}


def request(i):
    """A request whose answer tells it from its neighbours: D1 and D2 may be edited, D3 not."""
    return pb.AuthorizeRequest(
        checks=[
            pb.Check(action="edit", resource=f"destination/D{(i + k) % 3 + 1}") for k in range(3)
        ],
        **DEFAULTS,
    )


def expected(i):
    return bytes(DENY if (i + k) % 3 == 2 else ALLOW for k in range(3))


def test_health_is_serving_for_the_server_and_its_service(client):
    health = health_pb2_grpc.HealthStub(client.channel)
    for service in ("", "verdict.v1.DecisionService"):
        answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=20)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as error:
        health.Check(health_pb2.HealthCheckRequest(service="nobody.knows.It"), timeout=20)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND


def test_server_info_tells_what_is_loaded(client):
    info = client.info()
    assert info.version
    limits = info.limits
    assert (limits.plain_checks, limits.column_checks) == (1_000, 10_000)
    assert limits.visibility_cells == 1_000_000
    assert limits.message_bytes > 0 and limits.arena_bytes > 0 and limits.concurrent_streams >= 64
    assert info.set_number >= 1
    (organization,) = info.organizations
    assert (organization.organization, organization.model) == ("acme", "rudderstack")
    assert organization.generation >= 1 and organization.snapshot_bytes > 0
    answer = client.authorize(request(0))
    assert answer.snapshot_digest == organization.snapshot_digest
    assert answer.generation == organization.generation


def test_a_thousand_calls_one_at_a_time(client):
    for i in range(1_000):
        assert client.authorize(request(i)).effects == expected(i)


def test_sixty_four_calls_at_once_on_one_connection(client):
    for round in range(20):
        calls = [client.stub.Authorize.future(request(i + round), timeout=20) for i in range(64)]
        for i, call in enumerate(calls):
            assert call.result().effects == expected(i + round)


@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_sixty_four_connections_at_once(acme, transport):
    clients = [Client(getattr(acme, transport)) for _ in range(64)]
    ids = set()
    try:

        def ask(client_and_place):
            place, client = client_and_place
            for i in range(10):
                response = client.authorize(request(place + i))
                assert response.effects == expected(place + i)
                ids.add(bytes(response.decision_id))

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(ask, enumerate(clients)))
    finally:
        for client in clients:
            client.close()
    assert len(ids) == 640


def test_a_cancelled_call_harms_no_other(client):
    for _ in range(50):
        doomed = client.stub.Authorize.future(request(0), timeout=20)
        doomed.cancel()
        assert client.authorize(request(1)).effects == expected(1)
