"""Faults of a whole request are gRPC errors that say where."""

import grpc
import pytest

from api import AUTHORIZE, Client, ids, pb
from grpc_health.v1 import health_pb2
from sidecar import Sidecar, publish, wait_until
from world import MIA

Code = grpc.StatusCode
VISIBILITY = "/verdict.v1.DecisionService/CheckVisibility"
DEFAULTS = {"organization": "acme", "principal": MIA, "workspace": "prod"}
PLAIN = pb.Check(action="view")


def packed(**fields):
    return pb.AuthorizeRequest(columns=pb.CheckColumns(**fields), **DEFAULTS)


INVALID = {
    "no checks": (pb.AuthorizeRequest(**DEFAULTS), ["checks"]),
    "both forms": (
        pb.AuthorizeRequest(
            checks=[PLAIN], columns=pb.CheckColumns(count=1, actions=["view"]), **DEFAULTS
        ),
        ["columns"],
    ),
    "too many plain": (pb.AuthorizeRequest(checks=[PLAIN] * 1_001, **DEFAULTS), ["checks"]),
    "count 0": (packed(count=0, actions=["view"]), ["count"]),
    "too many rows": (packed(count=10_001, actions=["view"]), ["count"]),
    "short indexes": (packed(count=2, actions=["view", "edit"], action_of=b"\0"), ["action_of"]),
    "index too large": (
        packed(count=3, actions=["view", "edit"], action_of=b"\0\1\2"),
        ["action_of", "2"],
    ),
    "unclear dictionary": (packed(count=2, actions=["view", "edit"]), ["action_of"]),
    "short lengths": (
        packed(count=2, actions=["edit"], resource_types=["destination"], resource_ids=ids(["D1"])),
        ["resource_ids"],
    ),
    "data too short": (
        packed(
            count=2,
            actions=["edit"],
            resource_types=["destination"],
            resource_ids=pb.Ids(data=b"D1D", lengths=b"\2\2"),
        ),
        ["resource_ids"],
    ),
    "data too long": (
        packed(
            count=1,
            actions=["edit"],
            resource_types=["destination"],
            resource_ids=pb.Ids(data=b"D1D", lengths=b"\2"),
        ),
        ["resource_ids"],
    ),
    "principals unequal": (
        packed(count=2, actions=["view"], principals=ids([MIA])),
        ["principals"],
    ),
    "long principal": (
        pb.AuthorizeRequest(organization="acme", principal="x" * 256, checks=[PLAIN]),
        ["principal"],
    ),
    "nul in workspace": (
        pb.AuthorizeRequest(organization="acme", principal=MIA, workspace="a\0b", checks=[PLAIN]),
        ["workspace"],
    ),
    "short columns of an organization that is not loaded": (
        pb.AuthorizeRequest(
            organization="nobody", want_messages=True,
            columns=pb.CheckColumns(
                count=10, actions=["edit"], resource_types=["destination"],
                resource_ids=pb.Ids(data=b"D1", lengths=b"\x02"))),
        ["columns.resource_ids"],
    ),
    "long organization": (
        pb.AuthorizeRequest(organization="x" * 256, principal=MIA, checks=[PLAIN]),
        ["organization"],
    ),
}


@pytest.mark.parametrize("case", INVALID)
def test_an_invalid_request_names_the_field(client, case):
    request, words = INVALID[case]
    with pytest.raises(grpc.RpcError) as error:
        client.authorize(request)
    assert error.value.code() == Code.INVALID_ARGUMENT
    for word in words:
        assert word in error.value.details()


def test_an_invalid_page_names_the_field(client):
    block = pb.VisibilityBlock(resource_type="destination", ids=ids(["D1"]))
    bad = pb.VisibilityBlock(
        resource_type="transformation",
        ids=ids(["T1", "T2"]),
        target_type="destination",
        target_ids=ids(["D1"]),
    )
    common = {"organization": "acme", "workspace": "prod"}
    many = pb.VisibilityBlock(
        resource_type="destination", ids=pb.Ids(data=b"D" * 20_000, lengths=b"\1" * 20_000)
    )
    cases = {
        "principals": dict(permissions=["view"], blocks=[block]),
        "permissions": dict(principals=[MIA], blocks=[block]),
        "blocks": dict(principals=[MIA], permissions=["view"]),
        "blocks[1]": dict(principals=[MIA], permissions=["view"], blocks=[block, bad]),
        "cells": dict(principals=[MIA] * 6, permissions=["view"] * 10, blocks=[many]),
    }
    for word, fields in cases.items():
        with pytest.raises(grpc.RpcError) as error:
            client.stub.CheckVisibility(pb.CheckVisibilityRequest(**common, **fields), timeout=20)
        assert error.value.code() == Code.INVALID_ARGUMENT, word
        assert word in error.value.details()


@pytest.mark.parametrize(
    "method",
    [
        "/verdict.v1.DecisionService/Nothing",
        "/verdict.v1.Nothing/Authorize",
        "/verdict.v1.DecisionService/authorize",
        "/verdict.v1.DecisionService/Authorize/",
    ],
)
def test_an_unknown_method_is_unimplemented(client, method):
    with pytest.raises(grpc.RpcError) as error:
        client.raw(method, b"")
    assert error.value.code() == Code.UNIMPLEMENTED


@pytest.mark.parametrize("method", [AUTHORIZE, VISIBILITY])
@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"\x0a\x05ab", b"\x22\xff\xff\xff\xff\x0f"])
def test_an_unreadable_message_is_internal(client, method, body):
    with pytest.raises(grpc.RpcError) as error:
        client.raw(method, body)
    assert error.value.code() == Code.INTERNAL


def test_a_message_over_the_limit_is_resource_exhausted(client):
    limit = client.info().limits.message_bytes
    with pytest.raises(grpc.RpcError) as error:
        client.raw(AUTHORIZE, b"\x0a" + bytes(limit))
    assert error.value.code() == Code.RESOURCE_EXHAUSTED
    assert client.plain([{"action": "view"}], **DEFAULTS)[0].reason == "view_floor"


def test_a_message_that_unpacks_to_too_much_is_refused(client):
    """Two bytes a check on the wire are a hundred in memory."""
    limit = client.info().limits.message_bytes
    with pytest.raises(grpc.RpcError) as error:
        client.raw(AUTHORIZE, b"\x22\x00" * (limit // 2 - 8))
    assert error.value.code() in (Code.RESOURCE_EXHAUSTED, Code.INVALID_ARGUMENT)
    assert client.plain([{"action": "view"}], **DEFAULTS)[0].reason == "view_floor"


def test_bytes_that_are_not_utf8_are_an_invalid_id(client):
    """Built by hand, since the Python message type refuses them."""
    bad = b"\x12\x0e" + b"destination/\xc3\x28"
    check = b"\x0a\x04edit" + bad
    request = pb.AuthorizeRequest(**DEFAULTS).SerializeToString()
    request += b"\x22" + bytes([len(check)]) + check
    response = pb.AuthorizeResponse.FromString(client.raw(AUTHORIZE, request))
    assert list(response.reasons) == [pb.REASON_INVALID_ID]


def test_without_policies_the_server_is_unavailable_until_the_first_publish(
    tmp_path, acme_document
):
    control = tmp_path / "control"
    control.mkdir()
    health = "/grpc.health.v1.Health/Check"

    def status(client):
        return health_pb2.HealthCheckResponse.FromString(client.raw(health, b"")).status

    with Sidecar(tmp_path / "run", "--control", control) as sidecar, Client(sidecar.tcp) as client:
        assert status(client) == health_pb2.HealthCheckResponse.NOT_SERVING
        page = pb.CheckVisibilityRequest(
            organization="acme",
            workspace="prod",
            principals=[MIA],
            permissions=["view"],
            blocks=[pb.VisibilityBlock(resource_type="destination", ids=ids(["D1"]))],
        )
        single = pb.AuthorizeRequest(checks=[PLAIN], **DEFAULTS)
        for method, request in ((AUTHORIZE, single), (VISIBILITY, page)):
            with pytest.raises(grpc.RpcError) as error:
                client.raw(method, request.SerializeToString())
            assert error.value.code() == Code.UNAVAILABLE
        assert list(client.info().organizations) == []

        publish(control, acme_document)
        wait_until(lambda: status(client) == health_pb2.HealthCheckResponse.SERVING, "serving")
        assert client.plain([{"action": "view"}], **DEFAULTS)[0].reason == "view_floor"
