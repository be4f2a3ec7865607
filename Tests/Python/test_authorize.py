"""Authorize, asked by a real client over both transports and in both forms."""

import pytest

import world
from api import ALLOW, DENY, INDETERMINATE, Answer, columns, pb
from world import ADAM, MAX, MIA, NINA, OLGA


def check(action, resource="", target="", principal=""):
    fields = {"action": action, "resource": resource, "target": target, "principal": principal}
    return {name: value for name, value in fields.items() if value}


def worked_example():
    """(check, allowed) for every line of the worked example."""
    allowed, denied = [], []
    for kind, stem in (("event_stream_source", "S"), ("destination", "D")):
        for i in (1, 2, 3):
            (allowed if i < 3 else denied).append(check("edit", f"{kind}/{stem}{i}"))
            allowed.append(check("view", f"{kind}/{stem}{i}"))
    for action in ("connect", "disconnect"):
        for s in (1, 2, 3):
            for d in (1, 2, 3):
                source, destination = f"event_stream_source/S{s}", f"destination/D{d}"
                for one, other in ((source, destination), (destination, source)):
                    (allowed if s < 3 and d < 3 else denied).append(check(action, one, other))
    allowed.append(check("event_stream_source_live_events", "event_stream_source/S1"))
    for i in (2, 3):
        denied.append(check("event_stream_source_live_events", f"event_stream_source/S{i}"))
    for i in (1, 2, 3):
        for name in ("destination_live_events", "destination_failure_samples"):
            denied.append(check(name, f"destination/D{i}"))
    denied += [check("create", "event_stream_source"), check("delete", "event_stream_source/S1")]
    return [(one, True) for one in allowed] + [(one, False) for one in denied]


@pytest.mark.parametrize("form", ["plain", "columns"])
def test_the_worked_example_is_decided_as_the_contract_says(client, form):
    checks, allowed = zip(*worked_example())
    got = getattr(client, form)(checks, organization="acme", principal=MIA, workspace="prod")
    assert [one.effect for one in got] == [ALLOW if one else DENY for one in allowed]


CASES = [
    (check("edit", "event_stream_source/S1"), ALLOW, "granted", "", ""),
    (check("edit", "event_stream_source/S3"), DENY, "resource_not_in_scope", "edit", "self"),
    (
        check("connect", "event_stream_source/S1", "destination/D3"),
        DENY,
        "resource_not_in_scope",
        "edit",
        "target",
    ),
    (check("create", "event_stream_source"), DENY, "missing_permission", "create_delete", "self"),
    (check("bot_management"), DENY, "missing_permission", "bot_management", ""),
    (check("bot_management", principal=MAX), ALLOW, "granted", "", ""),
    (check("view"), ALLOW, "view_floor", "", ""),
    (check("edit", "event_stream_source/S3", principal=OLGA), ALLOW, "org_admin", "", ""),
    (check("workspace.administer"), DENY, "admin_only", "", ""),
    (check("workspace.administer", principal=ADAM), ALLOW, "org_admin", "", ""),
    (check("view", principal=NINA), DENY, "no_workspace_access", "", ""),
    (check("view", principal="nobody@acme.example"), DENY, "unknown_principal", "", ""),
    (check("edit", "destination/D3", principal="service_token:ci"), ALLOW, "granted", "", ""),
    (
        check("edit", "event_stream_source/S1", principal="personal_token:mia-laptop"),
        DENY,
        "token_scope",
        "",
        "",
    ),
    (
        check("edit", "destination/D9", principal=ADAM),
        DENY,
        "resource_in_other_workspace",
        "",
        "self",
    ),
    (check("fly", "destination/D1"), INDETERMINATE, "unknown_action", "", ""),
    (check("edit"), INDETERMINATE, "missing_resource", "", ""),
    (check("connect", "event_stream_source/S1"), INDETERMINATE, "missing_target", "", ""),
    (check("edit", "spaceship/X"), INDETERMINATE, "unknown_resource_type", "", ""),
    (
        check("destination_live_events", "event_stream_source/S1"),
        INDETERMINATE,
        "wrong_resource_type",
        "",
        "",
    ),
    (
        check("connect", "event_stream_source/S1", "event_stream_source/S2"),
        INDETERMINATE,
        "invalid_pair",
        "",
        "",
    ),
    (check("bot_management", "destination/D1"), INDETERMINATE, "unexpected_operand", "", ""),
]


@pytest.mark.parametrize("form", ["plain", "columns"])
def test_each_check_has_its_reason_and_first_missing_term(client, form):
    got = getattr(client, form)(
        [case[0] for case in CASES], organization="acme", principal=MIA, workspace="prod"
    )
    assert got == [Answer(*case[1:]) for case in CASES]


def test_both_forms_give_the_same_columns(client):
    checks = [case[0] for case in CASES]
    defaults = {
        "organization": "acme",
        "principal": MIA,
        "workspace": "prod",
        "want_messages": True,
    }
    plain = client.authorize(
        pb.AuthorizeRequest(checks=[pb.Check(**one) for one in checks], **defaults)
    )
    packed = client.authorize(pb.AuthorizeRequest(columns=columns(checks), **defaults))
    for response in (plain, packed):
        assert len(response.decision_id) == 16
        assert len(response.snapshot_digest) == 32
        assert response.generation >= 1
    assert plain.decision_id != packed.decision_id
    plain.ClearField("decision_id"), packed.ClearField("decision_id")
    assert plain == packed


def test_a_fault_of_one_check_leaves_the_others_answered(client):
    long, nul = "x" * 256, "a\0b"
    got = client.plain(
        [
            check("edit", f"destination/{long}"),
            check("edit", f"destination/{nul}"),
            check("view", principal=long),
            check("edit", "destination/D1"),
        ],
        organization="acme",
        principal=MIA,
        workspace="prod",
    )
    assert [one.reason for one in got] == ["invalid_id"] * 3 + ["granted"]
    assert [one.effect for one in got] == [INDETERMINATE] * 3 + [ALLOW]


def test_an_id_is_never_cut_at_a_nul(client):
    """`D1\\0` is not `D1`: a C string would have ended at the NUL."""
    for form in (client.plain, client.columns):
        got = form(
            [check("edit", "destination/D1\0")],
            organization="acme",
            principal=MIA,
            workspace="prod",
        )
        assert got == [Answer(INDETERMINATE, "invalid_id")]


def test_the_organization_may_be_left_out_where_one_is_loaded(client):
    got = client.plain([check("edit", "destination/D1")], principal=f"user:{MIA}", workspace="prod")
    assert got == [Answer(ALLOW, "granted")]


def test_an_organization_that_is_not_loaded_is_indeterminate(client):
    response = client.authorize(
        pb.AuthorizeRequest(
            organization="umbrella",
            principal=MIA,
            workspace="prod",
            checks=[pb.Check(action="view")],
        )
    )
    assert list(response.effects) == [INDETERMINATE]
    assert list(response.reasons) == [pb.REASON_UNKNOWN_ORGANIZATION]
    assert response.snapshot_digest == b""


def test_messages_come_when_asked_for(client):
    defaults = {"organization": "acme", "principal": MIA, "workspace": "prod"}
    one = [check("edit", "event_stream_source/S3"), check("edit", "event_stream_source/S1")]
    assert [answer.message for answer in client.plain(one, **defaults)] == ["", ""]
    asked = client.plain(one, want_messages=True, **defaults)
    assert "Edit" in asked[0].message and "S3" in asked[0].message
    assert asked[0].message.endswith(".") and asked[1].message.endswith(".")


def test_the_largest_batches_are_answered_in_order(client):
    defaults = {"organization": "acme", "principal": MIA, "workspace": "prod"}
    pattern = [check("edit", f"destination/D{i}") for i in (1, 2, 3)]
    for form, count in ((client.plain, 1_000), (client.columns, 10_000)):
        got = form([pattern[i % 3] for i in range(count)], **defaults)
        assert [one.effect for one in got] == [(ALLOW, ALLOW, DENY)[i % 3] for i in range(count)]


def test_a_column_of_one_value_may_leave_out_its_indexes(client):
    request = pb.AuthorizeRequest(
        organization="acme",
        principal=MIA,
        workspace="prod",
        columns=pb.CheckColumns(
            count=3,
            actions=["edit"],
            resource_types=["destination"],
            resource_ids=pb.Ids(data=b"D1D2D3", lengths=b"\2\2\2"),
        ),
    )
    assert list(client.authorize(request).effects) == [ALLOW, ALLOW, DENY]


def test_rows_may_have_principals_and_workspaces_of_their_own(client):
    checks = [
        {"action": "view", "principal": NINA, "workspace": "staging"},
        {"action": "view", "principal": NINA, "workspace": "prod"},
        {"action": "view"},
        {"action": "edit", "resource": "destination/D9", "principal": ADAM, "workspace": "staging"},
    ]
    for form in (client.plain, client.columns):
        got = form(checks, organization="acme", principal=MIA, workspace="prod")
        assert [one.effect for one in got] == [ALLOW, DENY, ALLOW, ALLOW]


def test_the_reasons_of_the_api_are_those_of_the_contract():
    names = {number: name for name, number in pb.Reason.items()}
    assert names[1] == "REASON_GRANTED" and names[21] == "REASON_RESOURCE_NOT_IN_SCOPE"
    assert names[61] == "REASON_INVALID_ID" and names[84] == "REASON_INTERNAL"
    assert len(names) == 41
    assert len(world.PII) == 11
