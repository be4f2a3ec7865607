"""Envoy's external authorization, asked directly: who is calling, which route, what is refused."""

import random

import grpc
import pytest

import api_world
import world
from api_world import MIA, SECRETS, bearer
from ext_authz import Asker, request
from sidecar import Sidecar, publish, verdict, wait_until
from test_control_state import Clock
from test_forward_auth_rules import Client


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory):
    directory = tmp_path_factory.mktemp("gateway")
    policy = world.write(api_world.document(), directory / "acme.json")
    publish(directory / "control", policy)
    with Sidecar(directory, "--control", directory / "control") as sidecar:
        yield sidecar


@pytest.fixture(scope="module")
def ask(sidecar):
    with Asker(sidecar.tcp) as asker:
        yield asker


def test_an_allow_names_who_what_and_which_policies(ask):
    answer = ask("PUT", "/v2/destinations/D1", bearer("ci"))
    assert answer.allowed and answer.reason == "granted"
    assert answer.headers["x-verdict-principal"] == "service_token:ci"
    assert answer.headers["x-verdict-organization"] == "acme"
    assert answer.headers["x-verdict-workspace"] == "prod"
    assert answer.headers["x-verdict-generation"] == "1"
    assert len(bytes.fromhex(answer.headers["x-verdict-decision-id"])) == 16
    assert answer.metadata["route"] == "/v2/destinations/{id}"
    assert answer.metadata["action"] == "edit"
    assert answer.metadata["principal"] == "service_token:ci"
    again = ask("PUT", "/v2/destinations/D1", bearer("ci"))
    assert again.metadata["decision_id"] != answer.metadata["decision_id"]


def test_a_denial_says_why(ask):
    answer = ask("PUT", "/v2/destinations/D2", bearer("mia-laptop"))
    assert (answer.status, answer.reason) == (403, "resource_not_in_scope")
    assert answer.body["message"] == "You don't have Edit permission for destination D2."
    answer = ask("DELETE", "/v2/destinations/D1", bearer("reader"))
    assert (answer.status, answer.reason) == (403, "missing_permission")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer nobodys"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer"},
        {"authorization": "Basic " + SECRETS["ci"]},
        {"authorization": SECRETS["ci"]},
        {"authorization": "Bearer " + SECRETS["ci"] + "x"},
        {"authorization": "Bearer " + "x" * 9000},
        {"x-authorization": "Bearer " + SECRETS["ci"]},
        bearer("old"),
    ],
)
def test_nobody_gets_a_401(ask, headers):
    answer = ask("GET", "/v2/workspace", headers)
    assert (answer.status, answer.reason) == (401, "unidentified")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_the_scheme_is_read_in_any_case(ask):
    headers = {"authorization": "bEARER  " + SECRETS["ci"] + " "}
    assert ask("GET", "/v2/workspace", headers).allowed


@pytest.mark.parametrize("raw", [False, True])
def test_two_credentials_are_ambiguous(ask, raw):
    twice = [("authorization", bearer(name)["authorization"]) for name in ("ci", "reader")]
    assert ask("GET", "/v2/workspace", twice, raw=raw).reason == "ambiguous_identity"
    joined = {"authorization": f"Bearer {SECRETS['ci']},Bearer {SECRETS['reader']}"}
    assert ask("GET", "/v2/workspace", joined, raw=raw).reason == "ambiguous_identity"
    answer = ask("GET", "/v2/workspace", bearer("ci"), claims={"sub": MIA})
    assert (answer.status, answer.reason) == (403, "ambiguous_identity")


def test_raw_headers_identify_too(ask):
    assert ask("GET", "/v2/workspace", bearer("ci"), raw=True).allowed


def test_claims_that_the_gateway_verified_name_a_user(ask):
    where = {"verdict.workspace": "prod"}
    answer = ask("PUT", "/v2/destinations/D1", claims={"sub": MIA}, context=where)
    assert answer.allowed and answer.headers["x-verdict-principal"] == f"user:{MIA}"
    assert answer.headers["x-verdict-workspace"] == "prod"
    answer = ask("PUT", "/v2/destinations/D2", claims={"sub": MIA}, context=where)
    assert answer.reason == "resource_not_in_scope"
    assert ask("PUT", "/v2/destinations/D1", claims={"sub": MIA}).reason == "missing_workspace"
    # The JWT itself comes as a bearer token, too.
    jwt = {"authorization": "Bearer aaa.bbb.ccc"}
    assert ask("GET", "/v2/workspace", jwt, claims={"sub": MIA}, context=where).allowed
    assert ask("GET", "/v2/workspace", jwt, context=where).status == 401


@pytest.mark.parametrize(
    "claims, reason",
    [
        ({}, "unidentified"),
        ({"sub": 5}, "ambiguous_identity"),
        ({"sub": None}, "ambiguous_identity"),
        ({"sub": [MIA]}, "ambiguous_identity"),
        ({"sub": ""}, "invalid_id"),
        ({"sub": "x" * 256}, "invalid_id"),
        ({"sub": "a\0b"}, "invalid_id"),
        ({"sub": "stranger@acme.example"}, "unknown_principal"),
        ({"user": MIA}, "unidentified"),
    ],
)
def test_other_claims_name_nobody(ask, claims, reason):
    answer = ask("GET", "/v2/workspace", claims=claims, context={"verdict.workspace": "prod"})
    assert (answer.allowed, answer.reason) == (False, reason)


def test_deep_and_wide_metadata_is_passed_over(ask):
    deep = value = {}
    for _ in range(60):
        value["a"] = value = {}
    claims = {"sub": MIA, "deep": deep, "wide": {str(i): i for i in range(3000)}}
    assert ask("GET", "/v2/workspace", claims=claims, context={"verdict.workspace": "prod"}).allowed
    claims = {"sub": MIA} | {str(i): i for i in range(5000)}
    assert ask("GET", "/v2/workspace", claims=claims).reason == "ambiguous_identity"


def test_organization_and_workspace_of_the_configuration_have_to_agree(ask):
    def reason(**context):
        context = {f"verdict.{key}": value for key, value in context.items()}
        return ask("GET", "/v2/workspace", bearer("ci"), context=context).reason

    assert reason(organization="acme") == "view_floor"
    assert reason(organization="other") == "unknown_organization"
    assert reason(workspace="prod") == "view_floor"
    assert reason(workspace="other") == "no_workspace_access"
    assert reason(workspace="nowhere") == "unknown_workspace"
    assert reason(workspace="") == "bad_request"


@pytest.mark.parametrize(
    "path",
    [
        "//v2/workspace",
        "/v2//workspace",
        "/v2/./workspace",
        "/v2/x/../workspace",
        "/v2/x/%2e%2e/workspace",
        "/v2%2Fworkspace",
        "/v2/workspace%00",
        "/v2/workspace%20;x",
        "/v2/workspace;x=1",
        "/v2\\workspace",
        "v2/workspace",
        "",
        "*",
        "http://api/v2/workspace",
        "/v2/workspace#x",
        "/v2/workspac%65%",
        "/v2/workspace%c0%ae",
        "/v2/workspace%252f",
        "/" + "a/" * 40,
        "/" + "a" * 9000,
    ],
)
def test_paths_that_can_be_read_in_two_ways_are_refused(ask, path):
    answer = ask("GET", path, bearer("ci"))
    assert (answer.status, answer.reason) == (403, "bad_request")


@pytest.mark.parametrize(
    "method, path",
    [
        ("GET", "/"),
        ("GET", "/v2/nothing"),
        ("GET", "/v2/workspace/"),
        ("GET", "/V2/workspace"),
        ("get", "/v2/workspace"),
        ("HEAD", "/v2/workspace"),
        ("OPTIONS", "/v2/workspace"),
        ("", "/v2/workspace"),
        ("GET", "/v2/workspace%3Fx"),
    ],
)
def test_what_has_no_route_is_denied_to_the_owner_too(ask, method, path):
    answer = ask(method, path, bearer("olga-laptop"))
    assert (answer.status, answer.reason) == (403, "no_route")


def test_the_query_is_no_part_of_the_path(ask):
    assert ask("GET", "/v2/workspace?a=/../b&c=%2F", bearer("ci")).allowed
    assert ask("GET", "/v2/works%70ace", bearer("ci")).allowed


CONNECT = ("POST", "/v2/connections", bearer("ci"))
ENDS = {"sourceId": "S1", "destinationId": "D1"}


def test_bodies_name_operands(ask):
    assert ask(*CONNECT, body=ENDS).allowed
    assert ask(*CONNECT, body=ENDS, raw=True).allowed
    refused = ask("POST", "/v2/connections", bearer("reader"), body=ENDS)
    assert refused.reason == "missing_permission"
    future = {"sourceId": "newer than the policies", "destinationId": "D1"}
    assert ask(*CONNECT, body=future).allowed
    elsewhere = {"sourceId": "S1", "destinationId": "D9"}
    assert ask(*CONNECT, body=elsewhere).reason == "resource_in_other_workspace"


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"{",
        b"sourceId=S1&destinationId=D1",
        b'{"sourceId": "S1", "sourceId": "S2", "destinationId": "D1"}',
        b'{"sourceId": "S1", "source\\u0049d": "S2", "destinationId": "D1"}',
        b'{"sourceId": "S1", "destinationId": "D1", "x": {"a": 1, "a": 2}}',
        b'{"sourceId": "S1", "destinationId": "D1"} {}',
        b'{"sourceId": "S1", "destinationId": "D1",}',
        b'{"sourceId": 1, "destinationId": "D1"}',
        b'{"sourceId": ["S1"], "destinationId": "D1"}',
        b'{"sourceId": "S1"}',
        b'{"sourceId": "S1", "destinationId": null}',
        b'["S1", "D1"]',
        b'{"sourceId": "S1", "destinationId": "D1\xff"}',
        b'{"sourceId": "S1", "destinationId": "D1\\ud800"}',
        b'{"sourceId": "S1", "destinationId": "D1", "n": 01}',
        b'{"sourceId": "S1", "destinationId": "D1", "n": NaN}',
        b'\xef\xbb\xbf{"sourceId": "S1", "destinationId": "D1"}',
        b'{"sourceId": "S1", "destinationId": "D1", "x": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"sourceId": "S1", "destinationId": "D1", "x": [' + b"1," * 20000 + b"1]}",
        b'{"sourceId": "S1", "destinationId": "D1", "x": "' + b"y" * 300_000 + b'"}',
    ],
)
def test_bodies_that_do_not_say_it_once_are_refused(ask, body):
    answer = ask(*CONNECT, body=body)
    assert (answer.status, answer.reason) == (403, "bad_request")


@pytest.mark.parametrize(
    "headers",
    [
        {"x-envoy-auth-partial-body": "true"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "text/json"},
        {"content-encoding": "gzip"},
    ],
)
def test_a_body_that_is_cut_or_something_else_is_refused(ask, headers):
    assert ask(*CONNECT[:2], {**CONNECT[2], **headers}, body=ENDS).reason == "bad_request"


def test_a_body_shorter_than_it_says_is_refused(ask):
    message = request(*CONNECT, body=ENDS)
    message.attributes.request.http.raw_body = b'{"sourceId": "S1", "destinationId": "D2"}'[:-1]
    assert ask.raw(message.SerializeToString()).reason == "bad_request"


def test_forged_marks_of_a_whole_body_do_not_help(ask):
    forged = [("x-envoy-auth-partial-body", "false"), ("x-envoy-auth-partial-body", "true")]
    headers = [("authorization", bearer("ci")["authorization"]), *forged]
    assert ask(*CONNECT[:2], headers, body=ENDS, raw=True).reason == "bad_request"


def test_several_ids_are_all_asked_about(ask):
    def reason(*ids, who="mia-laptop"):
        body = {"destinationIds": list(ids)}
        return ask(
            "POST", "/transformations/T1/connectToDestination", bearer(who), body=body
        ).reason

    assert reason("D1", "D2", who="ci") == "granted"
    assert reason("D1", "D9", who="ci") == "resource_in_other_workspace"
    assert reason("D1", "nope", who="ci") == "unknown_resource"
    assert reason(who="ci") == "bad_request"
    assert reason(*["D1"] * 100, who="ci") == "granted"
    assert reason(*["D1"] * 101, who="ci") == "bad_request"


def test_an_id_of_several_types_has_to_be_known_once(ask):
    assert ask("PUT", "/v2/sources/S1", bearer("ci")).allowed
    assert ask("PUT", "/v2/sources/M1", bearer("ci")).allowed
    assert ask("PUT", "/v2/sources/nope", bearer("olga-laptop")).reason == "unknown_resource"


def test_connections_are_their_two_ends(ask):
    assert ask("PUT", "/v2/connections/C1", bearer("ci")).allowed
    assert ask("PUT", "/v2/connections/C1", bearer("mia-laptop")).allowed
    assert ask("POST", "/v2/retl-connections/RC1/start", bearer("mia-laptop")).reason == (
        "missing_permission"
    )
    assert ask("PUT", "/v2/connections/nope", bearer("olga-laptop")).reason == "unknown_resource"


def test_unlinking_a_transformation_looks_up_the_link(ask):
    assert ask("DELETE", "/v2/destinations/D1/transformation", bearer("ci")).allowed
    answer = ask("DELETE", "/v2/destinations/D1/transformation", bearer("mia-laptop"))
    assert answer.body["message"] == "You don't have Edit permission for transformations."
    assert ask("DELETE", "/v2/destinations/D2/transformation", bearer("ci")).reason == (
        "unknown_resource"
    )


def test_a_message_that_can_not_be_read_is_a_denial(ask):
    for content in (b"\xff", b"\x0a\xff\xff\xff\xff\x0f", b"\x0a\x02\x22\x05", b"\x0b\x0c"):
        assert ask.raw(content).reason == "bad_request"
    assert ask.raw(b"").reason == "bad_request"
    # More memory than one request may take: two million empty headers.
    entries = b"\x1a\x00" * 1_900_000

    def field(number, content):
        length, size = len(content), b""
        while length >= 128:
            size += bytes([length & 127 | 128])
            length >>= 7
        return bytes([number << 3 | 2]) + size + bytes([length]) + content

    assert ask.raw(field(1, field(4, field(2, entries)))).reason == "bad_request"
    # More than a message may have: thrown away, and answered all the same.
    for count in (4 << 20, (4 << 20) + 1, 20 << 20):
        answer = ask("POST", "/v2/destinations", bearer("ci"), bytes(count))
        assert answer.reason == "bad_request" and "4 MiB" in answer.body["message"]
    assert ask("GET", "/v2/workspace", bearer("ci")).allowed


def test_random_requests_are_all_answered(ask):
    rng = random.Random(11)
    pieces = ["v2", "sources", "S1", "..", ".", "", "%2e", "%00", "destinations", "a" * 300, "\\"]
    for _ in range(1500):
        path = "/".join([""] + rng.choices(pieces, k=rng.randint(0, 6))) + rng.choice(
            ["", "?", "?a=b", "?publish=true&publish=1", "#", "?%"]
        )
        method = rng.choice(["GET", "POST", "PUT", "DELETE", "get", "", "GET GET"])
        headers = rng.choice([bearer("ci"), bearer("reader"), {}, {"authorization": "\x7f"}])
        body = rng.choice([None, b"", b"{}", b"[", bytes(rng.randbytes(20))])
        answer = ask(method, path, headers, body=body)
        assert answer.status in (200, 401, 403)


def test_without_policies_the_call_fails(tmp_path):
    with Sidecar(tmp_path, "--control", tmp_path / "nothing") as sidecar:
        with Asker(sidecar.tcp) as ask, pytest.raises(grpc.RpcError) as failure:
            ask("GET", "/v2/workspace", bearer("ci"))
        assert failure.value.code() == grpc.StatusCode.UNAVAILABLE


def test_secrets_are_never_logged(sidecar):
    log = "\n".join(sidecar.log)
    assert not any(secret in log for secret in SECRETS.values())


def test_owner_may_all_the_same(ask):
    assert ask("POST", "/v2/accounts", bearer("olga-laptop")).reason == "org_admin"
    assert ask("POST", "/v2/accounts", bearer("ci")).reason == "admin_only"
    assert ask("GET", "/v2/audit-logs", bearer("scim")).reason == "organization_token"


@pytest.fixture
def serve(tmp_path):
    """Starts servers with other ways to identify."""
    policy = world.write(api_world.document(), tmp_path / "acme.json")
    started = []

    def start(*arguments):
        sidecar = Sidecar(tmp_path / str(len(started)), "--policy", policy, *arguments, loops=1)
        asker = Asker(sidecar.tcp)
        started.append((sidecar, asker))
        return asker

    yield start
    for sidecar, asker in started:
        asker.close()
        sidecar.stop()


def test_a_certificate_names_a_service_token(serve):
    ask = serve("--identity", "peer", "--identity", "bearer", "--peer-prefix", "spiffe://acme/")
    answer = ask("PUT", "/v2/destinations/D1", peer="spiffe://acme/ci")
    assert answer.allowed and answer.headers["x-verdict-principal"] == "service_token:ci"
    assert ask("PUT", "/v2/destinations/D1", peer="spiffe://acme/reader").status == 403
    assert ask("GET", "/v2/workspace", peer="spiffe://other/ci").status == 401
    assert ask("GET", "/v2/workspace", peer="spiffe://acme/").status == 401
    assert ask("GET", "/v2/workspace", bearer("ci"), peer="spiffe://acme/ci").allowed
    answer = ask("GET", "/v2/workspace", bearer("reader"), peer="spiffe://acme/ci")
    assert answer.reason == "ambiguous_identity"
    # A token of nobody is not made up for by a certificate.
    wrong = {"authorization": "Bearer wrong"}
    assert ask("GET", "/v2/workspace", wrong, peer="spiffe://acme/ci").status == 401


def test_a_certificate_or_header_names_nobody_unless_configured(ask):
    headers = {"x-user": MIA, "x-verdict-principal": f"user:{MIA}"}
    assert ask("GET", "/v2/workspace", headers, peer="spiffe://acme/ci").status == 401


def test_a_trusted_header_needs_the_word_that_it_is_stripped(serve, tmp_path):
    wanted = ("--identity", "header", "--trusted-header", "X-User")
    done = verdict("serve", "--policy", tmp_path, *wanted, check=False)
    assert done.returncode == 64 and "--trusted-header-is-stripped" in done.stderr
    ask = serve(*wanted, "--trusted-header-is-stripped")
    where = {"verdict.workspace": "prod"}
    assert ask("PUT", "/v2/destinations/D1", {"x-user": MIA}, context=where).allowed
    assert ask("PUT", "/v2/destinations/D2", {"x-user": MIA}, context=where).status == 403
    twice = [("x-user", MIA), ("x-user", MIA)]
    for raw in (False, True):
        answer = ask("GET", "/v2/workspace", twice, raw=raw, context=where)
        assert answer.reason == "ambiguous_identity"
    joined = {"x-user": f"{MIA},{MIA}"}
    assert ask("GET", "/v2/workspace", joined, context=where).reason == "ambiguous_identity"
    assert ask("GET", "/v2/workspace", bearer("ci")).status == 401


def test_claims_may_name_organization_and_workspace(serve):
    ask = serve("--claims-organization", "org", "--claims-workspace", "ws")
    claims = {"sub": MIA, "org": "acme", "ws": "prod"}
    assert ask("GET", "/v2/workspace", claims=claims).allowed
    assert ask("GET", "/v2/workspace", claims={**claims, "org": "other"}).reason == (
        "unknown_organization"
    )
    assert ask("GET", "/v2/workspace", claims={**claims, "ws": "other"}).reason == (
        "no_workspace_access"
    )
    answer = ask("GET", "/v2/workspace", claims=claims, context={"verdict.workspace": "other"})
    assert answer.reason == "bad_request"


def test_of_several_organizations_the_token_or_a_claim_tells_which(tmp_path):
    other = api_world.document()
    other["organization"]["id"] = "globex"
    for kind in other["tokens"].values():
        for one in kind:
            one["secret_sha256"] = world.secret(f"globex {one['id']}")
    world.write(api_world.document(), tmp_path / "policies/acme.json")
    world.write(other, tmp_path / "policies/globex.json")
    arguments = ("--policy", tmp_path / "policies", "--claims-organization", "org")
    with Sidecar(tmp_path / "run", *arguments, loops=1) as sidecar, Asker(sidecar.tcp) as ask:
        theirs = {"authorization": "Bearer globex ci"}
        assert ask("GET", "/v2/workspace", bearer("ci")).headers["x-verdict-organization"] == "acme"
        answer = ask("GET", "/v2/workspace", {"authorization": "Bearer globex ci"})
        assert answer.headers["x-verdict-organization"] == "globex"
        assert ask("GET", "/v2/workspace", {"authorization": "Bearer nobodys"}).status == 401
        assert ask("GET", "/v2/workspace").status == 401
        where = {"verdict.workspace": "prod"}
        answer = ask("GET", "/v2/workspace", claims={"sub": MIA}, context=where)
        assert answer.reason == "unknown_organization"
        claims = {"sub": MIA, "org": "globex"}
        answer = ask("GET", "/v2/workspace", claims=claims, context=where)
        assert answer.headers["x-verdict-organization"] == "globex"
        context = {"verdict.organization": "acme", **where}
        assert ask("GET", "/v2/workspace", theirs, context=context).reason == "ambiguous_identity"
        answer = ask("GET", "/v2/workspace", claims=claims, context=context)
        assert answer.reason == "ambiguous_identity"


def test_policies_that_are_too_old_never_allow(tmp_path):
    clock = Clock(tmp_path)
    publish(tmp_path / "control", world.write(api_world.document(), tmp_path / "acme.json"))
    arguments = ["--control", tmp_path / "control", "--fail-closed-after", "2h"]
    arguments += ["--forward-auth", "127.0.0.1:0"]
    with (
        Sidecar(tmp_path / "run", *arguments, loops=1, **clock.serving) as sidecar,
        Asker(sidecar.tcp) as ask,
        Client(sidecar.forward_auth_port()) as client,
    ):
        head = [
            ("Authorization", bearer("ci")["authorization"]), ("X-Forwarded-Method", "GET"),
            ("X-Forwarded-Uri", "/v2/workspace"),
        ]  # fmt: skip

        def code():
            try:
                return ask("GET", "/v2/workspace", bearer("ci")).status
            except grpc.RpcError as error:
                return error.code()

        assert code() == 200 and client.ask(*head)[0] == 200
        clock.set(3 * 3_600)
        wait_until(lambda: code() == grpc.StatusCode.UNAVAILABLE, "the policies are closed")
        for _ in range(20):
            assert code() == grpc.StatusCode.UNAVAILABLE
            answer = client.ask(*head)
            assert (answer[0], answer[2]["reason"]) == (503, "stale")
        clock.set(0)
        verdict("publish", "--refresh", "--control", tmp_path / "control")
        wait_until(lambda: code() == 200, "renewed policies are in force")
        assert client.ask(*head)[0] == 200


def test_a_public_route_is_for_everybody(tmp_path):
    table = tmp_path / "own.routes.yaml"
    table.write_text(
        "apiVersion: verdict.routes/v1\nmodel: rudderstack\nroutes:\n"
        "  - {match: GET /status, public: true}\n"
        "  - {match: GET /v2/workspace, unless: {query.all: 'true'}, check: view}\n"
        "  - {match: 'GET /v2/{ws}/a', workspace: ws, check: view}\n"
    )
    policy = world.write(api_world.document(), tmp_path / "acme.json")
    arguments = ("--policy", policy, "--routes", table)
    with Sidecar(tmp_path / "run", *arguments, loops=1) as sidecar, Asker(sidecar.tcp) as ask:
        answer = ask("GET", "/status")
        assert answer.allowed and "x-verdict-principal" in answer.removed
        assert ask("GET", "/status", {"authorization": "Bearer nobodys"}).allowed
        assert ask("POST", "/status").status == 401
        assert ask("GET", "/v2/workspace", bearer("ci")).allowed
        assert ask("GET", "/v2/workspace?all=true", bearer("ci")).reason == "no_route"
        for query in ("all=false&all=true", "all[]=true", "x;all=true", "all=tr+ue"):
            answer = ask("GET", f"/v2/workspace?{query}", bearer("ci"))
            assert answer.reason == "bad_request"
        assert ask("GET", "/v2/prod/a", bearer("ci")).allowed
        assert ask("GET", "/v2/other/a", bearer("ci")).reason == "no_workspace_access"
        context = {"verdict.workspace": "prod"}
        assert ask("GET", "/v2/other/a", bearer("ci"), context=context).reason == "bad_request"
        assert ask("GET", "/v2/destinations", bearer("ci")).reason == "no_route"
