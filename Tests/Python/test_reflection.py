"""Reflection, by clients that nobody here wrote: grpcio's and grpcurl."""

import json
import pathlib
import shutil
import subprocess
import sys

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2 as alpha
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from sidecar import Sidecar, publish
from world import MIA

SERVICES = {
    "verdict.v1.DecisionService",
    "verdict.v1.InspectionService",
    "grpc.health.v1.Health",
    "envoy.service.auth.v3.Authorization",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
}
PATHS = [
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
]


def ask(address, requests, path=PATHS[0]):
    """The answers to a stream of questions; both versions have the same messages."""
    with grpc.insecure_channel(address) as channel:
        call = channel.stream_stream(
            path,
            request_serializer=alpha.ServerReflectionRequest.SerializeToString,
            response_deserializer=alpha.ServerReflectionResponse.FromString,
        )
        return list(call(iter(requests), timeout=10))


def test_grpcio_s_client_finds_every_service_message_and_import(acme):
    with grpc.insecure_channel(acme.unix) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert set(database.get_services()) == SERVICES
        pool = DescriptorPool(database)
        for name in SERVICES:
            assert pool.FindServiceByName(name).methods
        inspection = pool.FindFileContainingSymbol("verdict.v1.InspectionService")
        imported = {one.name for one in inspection.dependencies}
        assert imported == {"verdict/v1/verdict.proto"}
        columns = pool.FindMessageTypeByName("verdict.v1.CheckColumns")
        assert columns.fields_by_name["resource_ids"].message_type.full_name == "verdict.v1.Ids"
        effects = pool.FindEnumTypeByName("verdict.v1.Effect").values_by_name
        assert effects["EFFECT_ALLOW"].number == 1


@pytest.mark.parametrize("path", PATHS)
def test_each_question_has_one_answer_in_order_that_repeats_it(acme, path):
    requests = [
        alpha.ServerReflectionRequest(host="me", list_services=""),
        alpha.ServerReflectionRequest(file_containing_symbol="no.such.Symbol"),
        alpha.ServerReflectionRequest(file_by_filename="verdict/v1/inspection.proto"),
        alpha.ServerReflectionRequest(file_by_filename="no/such.proto"),
        alpha.ServerReflectionRequest(
            file_containing_extension=alpha.ExtensionRequest(
                containing_type="verdict.v1.Check", extension_number=7
            )
        ),
        alpha.ServerReflectionRequest(all_extension_numbers_of_type="verdict.v1.Check"),
        alpha.ServerReflectionRequest(all_extension_numbers_of_type="verdict.v1.Nothing"),
        alpha.ServerReflectionRequest(host="asks nothing"),
    ]
    answers = ask(acme.tcp, requests, path)
    assert [answer.original_request for answer in answers] == requests
    assert answers[0].valid_host == "me"
    assert {one.name for one in answers[0].list_services_response.service} == SERVICES
    assert answers[1].error_response.error_code == 5
    assert len(answers[2].file_descriptor_response.file_descriptor_proto) == 2
    assert answers[3].error_response.error_code == 5
    assert answers[4].error_response.error_code == 5
    assert answers[5].all_extension_numbers_response.base_type_name == "verdict.v1.Check"
    assert list(answers[5].all_extension_numbers_response.extension_number) == []
    assert answers[6].error_response.error_code == 5
    assert answers[7].error_response.error_code == 12


@pytest.mark.parametrize(
    "symbol",
    [
        "verdict.v1.DecisionService",
        "verdict.v1.DecisionService.AuthorizeStream",
        "verdict.v1.AuthorizeRequest",
        "verdict.v1.AuthorizeRequest.columns",
        "verdict.v1.Effect",
        "verdict.v1.EFFECT_ALLOW",
        "grpc.health.v1.HealthCheckResponse.ServingStatus",
        "grpc.health.v1.HealthCheckResponse.SERVING",
        "grpc.health.v1.HealthListResponse.StatusesEntry",
        "grpc.reflection.v1.ServerReflectionRequest.list_services",
        "grpc.reflection.v1alpha.ServerReflection.ServerReflectionInfo",
    ],
)
def test_every_kind_of_name_is_found(acme, symbol):
    (answer,) = ask(acme.tcp, [alpha.ServerReflectionRequest(file_containing_symbol=symbol)])
    assert answer.file_descriptor_response.file_descriptor_proto, answer


def grpcurl(*arguments):
    program = shutil.which("grpcurl", path=str(pathlib.Path(sys.executable).parent))
    done = subprocess.run(
        [program, "-max-time", "10", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_grpcurl_finds_out_and_asks(acme):
    status, said, error = grpcurl("-plaintext", acme.tcp, "list")
    assert status == 0 and set(said.split()) == SERVICES, error
    status, said, error = grpcurl("-plaintext", acme.tcp, "describe", "verdict.v1.Check")
    assert status == 0 and "string resource = 2;" in said, error
    question = {
        "organization": "acme",
        "principal": MIA,
        "workspace": "prod",
        "checks": [{"action": "edit", "resource": "event_stream_source/S1"}],
    }
    for method in ("Authorize", "AuthorizeStream"):
        status, said, error = grpcurl(
            *("-plaintext", "-d", json.dumps(question), acme.tcp),
            f"verdict.v1.DecisionService/{method}",
        )
        assert status == 0, error
        assert json.loads(said)["effects"] == "AQ=="


def test_grpcurl_asks_over_a_unix_socket(acme):
    status, said, error = grpcurl(
        "-plaintext", "-unix", acme.socket, "grpc.health.v1.Health/Check"
    )
    assert status == 0 and json.loads(said)["status"] == "SERVING", error


def off(address):
    try:
        ask(address, [alpha.ServerReflectionRequest(list_services="")])
        return False
    except grpc.RpcError as error:
        return error.code() == grpc.StatusCode.UNIMPLEMENTED


def test_it_can_be_turned_off_and_on(tmp_path, acme_document):
    publish(tmp_path / "control", acme_document)
    with Sidecar(tmp_path / "a", "--control", tmp_path / "control", "--no-reflection") as sidecar:
        assert off(sidecar.tcp) and off(sidecar.unix)


def test_it_is_off_where_other_machines_can_connect_unless_wanted(tmp_path, acme_document):
    publish(tmp_path / "control", acme_document)
    arguments = ["--control", tmp_path / "control", "--listen", "0.0.0.0:0", "--allow-plaintext"]

    def everywhere(sidecar):
        addresses = [r["address"] for r in sidecar.records() if r["message"] == "listening"]
        port = next(one for one in addresses if one.startswith("0.0.0.0:")).rsplit(":", 1)[1]
        return f"127.0.0.1:{port}"

    with Sidecar(tmp_path / "a", *arguments) as sidecar:
        assert off(everywhere(sidecar)) and not off(sidecar.tcp)
    with Sidecar(tmp_path / "b", *arguments, "--reflection") as sidecar:
        assert not off(everywhere(sidecar))
