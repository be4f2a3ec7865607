"""The inspection service: who is told why, on which listeners, and the command line's view of it."""

import json
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

import world
from api import channel, pb
from sidecar import Sidecar, publish, verdict, wait_until
from world import MIA

from verdict.v1 import inspection_pb2 as inspection  # noqa: E402
from verdict.v1 import inspection_pb2_grpc as inspection_rpc  # noqa: E402

CONNECT = {"action": "connect", "resource": "event_stream_source/S3", "target": "destination/D1"}


@pytest.fixture
def inspector(acme):
    """A stub of the service over the Unix socket."""
    with channel(acme.unix) as open_channel:
        yield inspection_rpc.InspectionServiceStub(open_channel)


def explain(stub, organization="acme", **check):
    check = {"principal": MIA, "workspace": "prod", **check}
    return stub.Explain(
        inspection.ExplainRequest(organization=organization, check=pb.Check(**check)), timeout=20
    )


def code_of(call):
    with pytest.raises(grpc.RpcError) as error:
        call()
    return error.value.code()


def test_a_denial_is_explained_with_what_would_mend_it(inspector):
    answer = explain(inspector, **CONNECT)
    assert answer.answer.effect == pb.EFFECT_DENY
    assert answer.answer.reason == pb.REASON_RESOURCE_NOT_IN_SCOPE
    assert (answer.answer.permission, answer.answer.operand) == ("edit", "self")
    (alternative,) = answer.alternatives
    assert [(t.permission, t.operand, t.holds) for t in alternative.terms] == [
        ("edit", "self", False),
        ("connect", "self", True),
        ("edit", "target", True),
        ("connect", "target", True),
    ]
    (source,) = alternative.terms[1].requirements[0].sources
    assert source.kind == inspection.SOURCE_KIND_BASELINE
    (remedy,) = answer.remedies
    assert [(g.permission, g.type, g.id) for g in remedy.grants] == [
        ("edit", "event_stream_source", "S3")
    ]
    assert len(answer.snapshot_digest) == 32 and answer.generation >= 1


def test_an_allow_says_what_it_rests_on(inspector):
    answer = explain(inspector, action="edit", resource="destination/D1")
    assert answer.answer.effect == pb.EFFECT_ALLOW
    assert sorted(source.kind for source in answer.basis) == [
        inspection.SOURCE_KIND_DIRECT_ACCESS,
        inspection.SOURCE_KIND_BASELINE,
    ]


@pytest.mark.parametrize("organization", ["nobody", "a\0b"])
def test_what_is_at_fault_is_answered(inspector, organization):
    """An inspection has one check, so that what is wrong with it is that check's."""
    assert explain(inspector, action="edt").answer.reason == pb.REASON_UNKNOWN_ACTION
    unknown = explain(inspector, organization=organization, action="view")
    assert unknown.answer.reason == pb.REASON_UNKNOWN_ORGANIZATION
    assert unknown.snapshot_digest == b""


def test_the_effective_policy_of_the_worked_example(inspector):
    policy = inspector.GetEffectivePolicy(
        inspection.GetEffectivePolicyRequest(principal=MIA, workspace="prod"), timeout=20
    )
    assert not policy.HasField("refusal") and not policy.administers
    assert list(policy.open_actions) == ["view"]
    grants = {(g.permission, g.type): g.scope for g in policy.grants}
    assert list(grants["edit", "destination"].ids) == ["D1", "D2"]
    assert grants["connect", "destination"].all


def test_lists_come_in_pages(inspector):
    request = inspection.ListResourcesRequest(
        principal=MIA, workspace="prod", action="edit", resource_type="destination", page_size=1
    )
    found = []
    while True:
        page = inspector.ListResources(request, timeout=20)
        found += [resource.id for resource in page.resources]
        if not page.next_page_token:
            break
        request.page_token = page.next_page_token
    assert found == ["D1", "D2"]
    request.action = "view"
    assert code_of(lambda: inspector.ListResources(request, timeout=20)) == (
        grpc.StatusCode.INVALID_ARGUMENT
    )
    page = inspector.ListPrincipals(
        inspection.ListPrincipalsRequest(
            workspace="prod", action="edit", resource="destination/D1"
        ),
        timeout=20,
    )
    assert f"user:{MIA}" in [listed.principal for listed in page.principals]
    assert all(listed.through for listed in page.principals)


def test_many_at_once_are_answered_or_refused(inspector):
    def ask(_):
        try:
            return explain(inspector, **CONNECT).answer.effect
        except grpc.RpcError as error:
            return error.code()

    with ThreadPoolExecutor(32) as pool:
        outcomes = set(pool.map(ask, range(400)))
    assert pb.EFFECT_DENY in outcomes
    assert outcomes <= {pb.EFFECT_DENY, grpc.StatusCode.RESOURCE_EXHAUSTED}


def test_a_tcp_port_serves_it_only_if_told_to(acme, acme_document, tmp_path):
    def code(address):
        with channel(address) as open_channel:
            stub = inspection_rpc.InspectionServiceStub(open_channel)
            try:
                explain(stub, action="view")
                return grpc.StatusCode.OK
            except grpc.RpcError as error:
                return error.code()

    assert code(acme.tcp) == grpc.StatusCode.UNIMPLEMENTED
    assert code(acme.unix) == grpc.StatusCode.OK
    policy = ["--policy", acme_document]
    with Sidecar(tmp_path / "a", *policy, "--inspect-on", "127.0.0.1:0") as sidecar:
        assert code(sidecar.tcp) == grpc.StatusCode.OK
        assert code(sidecar.unix) == grpc.StatusCode.UNIMPLEMENTED
    with Sidecar(tmp_path / "b", *policy, "--inspect-on", "none") as sidecar:
        assert code(sidecar.tcp) == grpc.StatusCode.UNIMPLEMENTED
        assert code(sidecar.unix) == grpc.StatusCode.UNIMPLEMENTED


def test_a_page_token_ends_with_its_policies(tmp_path):
    control = tmp_path / "control"
    document = world.worked_example()
    publish(control, world.write(document, tmp_path / "first.json"))
    with Sidecar(tmp_path, "--control", control) as sidecar:
        with channel(sidecar.unix) as open_channel:
            stub = inspection_rpc.InspectionServiceStub(open_channel)
            request = inspection.ListResourcesRequest(
                principal=MIA, workspace="prod", action="view", resource_type="destination",
                page_size=1,
            )
            first = stub.ListResources(request, timeout=20)
            request.page_token = first.next_page_token
            document["organization"]["members"].append("somebody-new")
            publish(control, world.write(document, tmp_path / "second.json"))

            def is_stale():
                try:
                    stub.ListResources(request, timeout=20)
                    return False
                except grpc.RpcError as error:
                    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
                    return True

            wait_until(is_stale, "the new policies are active")


def test_the_command_line_says_the_same_from_documents_and_server(acme, acme_document):
    check = ["--principal", MIA, "--workspace", "prod"]
    asked = [
        ["explain", "--action", "connect", "--resource", "event_stream_source/S3"]
        + ["--target", "destination/D1", *check],
        ["explain", "--action", "edit", "--resource", "destination/D1", *check],
        ["explain", "--action", "edt", *check],
        ["effective", *check],
        ["effective", "--principal", "stranger", "--workspace", "prod"],
        ["list", "resources", "--action", "edit", "--type", "destination", *check],
        ["list", "principals", "--action", "edit", "--resource", "destination/D1"]
        + ["--workspace", "prod"],
    ]
    statuses = []
    for words in asked:
        for extra in ([], ["--json"]):
            local = verdict(*words, "--policy", acme_document, *extra, check=False)
            remote = verdict(*words, "--server", acme.unix, *extra, check=False)
            assert (local.returncode, local.stdout) == (remote.returncode, remote.stdout)
            if extra:
                json.loads(local.stdout)
        statuses.append(local.returncode)
    assert statuses == [2, 0, 3, 0, 2, 0, 0]
    refused = verdict("explain", *check, "--action", "view", "--server", acme.tcp, check=False)
    assert refused.returncode == 1 and "UNIMPLEMENTED" in refused.stderr
