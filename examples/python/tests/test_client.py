"""Against a running server with the example's policies, named by VERDICT_ADDRESS."""

import os

import grpc
import pytest
from verdict.v1 import verdict_pb2 as pb

from verdict_client import TLS, Check, Effect, Verdict, VerdictError
from verdict_client.answers import Answers, MalformedReply

ADDRESS = os.environ["VERDICT_ADDRESS"]
MIA = "user:mia"


@pytest.fixture
def verdict():
    with Verdict(ADDRESS, organization="acme", workspace="prod", timeout=10) as verdict:
        yield verdict


def test_an_allow_and_a_deny(verdict):
    assert verdict.allows(MIA, "edit", "event_stream_source/S1")
    answer = verdict.check(
        MIA, "connect", "event_stream_source/S1", target="destination/D3", message=True
    )
    assert not answer and answer.effect is Effect.DENY
    assert answer.reason == "resource_not_in_scope"
    assert (answer.permission, answer.operand) == ("edit", "target")
    assert answer.message.startswith("You don't have")


@pytest.mark.parametrize("count", [1, 32, 33, 5_000])
def test_both_forms_answer_alike_and_in_order(verdict, count):
    resources = ["event_stream_source/S1", "event_stream_source/S3", "destination", "nothing/X"]
    checks = [Check("edit", resources[i % 4], principal=MIA) for i in range(count)]
    answers = verdict.authorize(checks)
    assert len(answers) == count and [one.check for one in answers] == checks
    assert all(bool(answer) == (i % 4 == 0) for i, answer in enumerate(answers))
    assert answers.generation > 0 and len(answers.snapshot_digest) == 32


def test_what_is_no_answer_is_an_error(verdict):
    verdict.timeout = 1
    with pytest.raises(VerdictError) as error:
        verdict.authorize([Check("edit")], principal=MIA, min_generation=1 << 40)
    assert error.value.code is grpc.StatusCode.FAILED_PRECONDITION
    assert not error.value.is_worth_repeating
    with Verdict("unix:/nowhere/verdict.sock", timeout=0.5) as nobody:
        with pytest.raises(VerdictError) as error:
            nobody.allows(MIA, "edit")
    assert error.value.code in (
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    )


def test_an_unknown_principal_is_denied_and_a_nonsense_action_is_no_allow(verdict):
    assert not verdict.allows("user:nobody", "edit", "event_stream_source/S1")
    assert verdict.check(MIA, "no-such-action").effect is Effect.INDETERMINATE


def test_visibility(verdict):
    permission = "event_stream_source_live_events"
    page = verdict.visibility([MIA], [permission], "event_stream_source", ["S1", "S2", "S3"])
    assert page.sees(MIA, permission, "S1") and not page.sees(MIA, permission, "S2")
    assert not page.sees(MIA, permission, "never asked")
    assert not page.sees("user:max", permission, "S1")


def test_a_batch_has_no_truth_of_its_own(verdict):
    with pytest.raises(TypeError):
        bool(verdict.authorize([Check("edit", "event_stream_source/S1")], principal=MIA))
    for wrong in ([], [Check("edit")] * 10_001):
        with pytest.raises(ValueError):
            verdict.authorize(wrong)


@pytest.mark.parametrize(
    "reply",
    [
        pb.AuthorizeResponse(),
        pb.AuthorizeResponse(effects=b"\1\1", reasons=b"\1\1"),
        pb.AuthorizeResponse(effects=b"\0", reasons=b"\1"),
        pb.AuthorizeResponse(effects=b"\x09", reasons=b"\1"),
        pb.AuthorizeResponse(
            effects=b"\2", reasons=b"\x14", missing=pb.MissingTerms(permission_of=b"\1")
        ),
    ],
)
def test_a_reply_that_contradicts_itself_answers_nothing(reply):
    with pytest.raises(MalformedReply):
        Answers.decode([Check("edit")], reply)


def test_a_certificate_needs_its_key():
    with pytest.raises(ValueError):
        TLS(certificate="client.pem")
