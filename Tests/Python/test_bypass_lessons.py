"""Bypasses that others had, which nobody gets here: asked directly, and through a real Envoy.

What went wrong there, and the tests of it here:

- CVE-2026-33186: a path without its first `/` was routed, and no rule matched it.
  CVE-2026-26205: `//admin/x` was parsed as a URI with an authority.
  Directly `test_a_path_has_one_reading` (and test_ext_authz.py, paths that can be read in two
  ways; of the gRPC method itself test_header_rules.py, unknown services and methods);
  through Envoy `test_no_path_gets_past`, `test_an_absolute_path_is_asked_about_as_it_goes_on`.
- CVE-2026-32811: `?` became `%3F` on the way to the rules.
  Directly `test_a_query_is_not_encoded_again`;
  through Envoy `test_a_query_is_not_encoded_again_before_it_passes`.
- CVE-2026-31838 and 26308: the first of several values of a header was matched.
  Directly `test_what_comes_twice_is_not_believed_once` and
  `test_a_condition_is_not_met_by_the_first_of_two_values`;
  through Envoy `test_headers_that_come_twice_do_not_pass` and
  `test_a_condition_is_not_met_by_the_first_of_two_values_that_envoy_joins`.
- An answer that the gateway can't read is a failure to it, and passes where failures do: so nothing
  of a request that is no text may get into one.
  Directly `test_what_is_no_text_gets_into_no_answer`;
  through Envoy `test_what_is_no_text_does_not_pass_where_failures_do`.
- GHSA-g2pf-6v5v-qcc8: without its signatures a bundle was taken unsigned.
  GHSA-fx35-mq7g-6g98: the key came out of what it was to verify.
  CVE-2022-29173: an older set was taken, after a restart too.
  Both ways `test_sets_that_nobody_vouches_for_allow_nothing`; many faults more in
  test_control_faults.py and test_control_state.py.
"""

import socket

import pytest

import api_world
import world
from api_world import bearer
from control import keygen
from ext_authz import Asker, pair, request
from gateways import Envoy, ext_authz
from layout import Layout
from sidecar import Sidecar, publish, verdict, wait_until

OWNER = bearer("olga-laptop")
D1 = "/v2/destinations/D1"


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory):
    directory = tmp_path_factory.mktemp("v")
    policy = world.write(api_world.document(), directory / "acme.json")
    publish(directory / "control", policy)
    with Sidecar(directory, "--control", directory / "control", loops=1) as sidecar:
        yield sidecar


@pytest.fixture(scope="module")
def ask(sidecar):
    with Asker(sidecar.tcp) as asker:
        yield asker


@pytest.fixture(scope="module")
def envoy(tmp_path_factory, sidecar, upstream):
    envoy = Envoy(tmp_path_factory.mktemp("envoy"), sidecar.port, upstream.port)
    yield envoy
    assert envoy.count("error") == 0
    envoy.close()


def send(envoy, *lines):
    """What Envoy answers to exactly these lines: its status, or None where it just closes."""
    with socket.create_connection(("127.0.0.1", envoy.port), timeout=10) as client:
        client.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        with client.makefile("rb") as answer:
            words = answer.readline().split()
    return int(words[1]) if words else None


# Each is the path of something that the organization's owner may do, written in another way.
PATHS = [
    "v2/workspace", "//v2/workspace", "///v2/workspace", "//api/v2/workspace",
    "//v2/workspace/../workspace", "/%2Fv2/workspace", "/v2/workspace%3Fa=b", "/v2/workspace%3f",
    "\\v2/workspace",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_path_has_one_reading(ask, path):
    answer = ask("GET", path, OWNER)
    assert answer.status == 403 and answer.reason in ("bad_request", "no_route")


@pytest.mark.parametrize("path", PATHS)
def test_no_path_gets_past(envoy, upstream, path):
    before = len(upstream.seen)
    authorization = f"Authorization: {OWNER['authorization']}"
    status = send(envoy, f"GET {path} HTTP/1.1", "Host: api", authorization)
    assert status in (None, 400, 403) and len(upstream.seen) == before


def test_an_absolute_path_is_asked_about_as_it_goes_on(envoy, upstream):
    """Envoy takes the authority off; what is left is what Verdict and the API get alike."""
    authorization = f"Authorization: {bearer('reader')['authorization']}"
    for target, status in [
        ("http://api/v2/workspace", 200), ("http://api//v2/workspace", 403),
        (f"http://api{D1}", 403), ("http://v2/workspace", 403),
    ]:  # fmt: skip
        method = "PUT" if D1 in target else "GET"
        before = len(upstream.seen)
        assert send(envoy, f"{method} {target} HTTP/1.1", "Host: other", authorization) == status
        assert len(upstream.seen) == before + (status == 200)
    assert upstream.seen[-1][1] == "/v2/workspace"


def test_a_query_is_not_encoded_again(ask):
    assert ask("GET", "/v2/workspace?a=b", OWNER).allowed
    for path in ("/v2/workspace%3Fa=b", "/v2/workspace%3fa=b", "/v2/workspace%253Fa=b"):
        assert not ask("GET", path, OWNER).allowed
    # An id with a mark of a query in it is another id.
    assert ask("PUT", D1, bearer("ci")).allowed
    answer = ask("PUT", f"{D1}%3Fa=b", bearer("ci"))
    assert not answer.allowed or answer.metadata["route"] == "/v2/destinations/{id}"


def test_a_query_is_not_encoded_again_before_it_passes(envoy, upstream):
    assert envoy.request("GET", "/v2/workspace?a=%3Fb", OWNER).json()["path"].endswith("?a=%3Fb")
    before = len(upstream.seen)
    for path in ("/v2/workspace%3Fa=b", "/v2/workspace%253Fa=b", "/v2/workspace%3F"):
        assert envoy.request("GET", path, OWNER).status == 403
    assert len(upstream.seen) == before


@pytest.mark.parametrize("raw", [False, True])
def test_what_comes_twice_is_not_believed_once(ask, raw):
    good, bad = OWNER["authorization"], bearer("reader")["authorization"]
    for first, second in [(good, bad), (bad, good), (good, good)]:
        pairs = [("authorization", first), ("authorization", second)]
        assert ask("DELETE", D1, pairs, raw=raw).reason == "ambiguous_identity"
        joined = [("authorization", f"{first},{second}")]
        assert ask("DELETE", D1, joined, raw=raw).reason == "ambiguous_identity"
    # An entry of a map that comes twice, of those that the gateway's configuration sets.
    message = request("GET", "/v2/workspace", OWNER, context={"verdict.organization": "acme"})
    assert ask.raw(message.SerializeToString()).allowed
    message.attributes.context_extensions.append(pair("verdict.organization", "acme"))
    assert ask.raw(message.SerializeToString()).reason == "ambiguous_identity"


def test_headers_that_come_twice_do_not_pass(envoy, upstream):
    before = len(upstream.seen)
    good, bad = OWNER["authorization"], bearer("reader")["authorization"]
    for first, second in [(good, bad), (bad, good), (good, good)]:
        for name in ("authorization", "AUTHORIZATION"):
            pairs = [("authorization", first), (name, second)]
            assert envoy.request("DELETE", D1, pairs).json()["reason"] == "ambiguous_identity"
    assert len(upstream.seen) == before


@pytest.fixture(scope="module")
def modes(tmp_path_factory):
    """A server whose routes look at a header: whoever sends it may do with less."""
    directory = tmp_path_factory.mktemp("m")
    table = directory / "own.routes.yaml"
    table.write_text(
        "apiVersion: verdict.routes/v1\nmodel: rudderstack\nroutes:\n"
        "  - {match: 'PUT /d/{id}', when: {header.x-mode: write}, check: 'edit destination/{id}'}\n"
        "  - {match: 'PUT /d/{id}', unless: {header.x-mode: write}, check: view}\n"
        "  - {match: 'GET /d/{id}', when: {header.x-mode: '*'}, check: view}\n"
    )
    policy = world.write(api_world.document(), directory / "acme.json")
    with Sidecar(directory, "--policy", policy, "--routes", table, loops=1) as sidecar:
        yield sidecar


def modes_of(*values):
    return [("authorization", bearer("reader")["authorization"]), *(("x-mode", v) for v in values)]


def test_a_condition_is_not_met_by_the_first_of_two_values(modes):
    with Asker(modes.tcp) as ask:
        def reason(method, *values, raw=False):
            return ask(method, "/d/D1", modes_of(*values), raw=raw).reason

        assert reason("PUT", "read") == reason("PUT") == "view_floor"
        assert reason("PUT", "write") == "missing_permission"
        assert reason("GET") == "no_route" and reason("GET", "a, b") == "view_floor"
        for values in (["write", "read"], ["read", "write"], ["write", "write"]):
            assert reason("PUT", *values, raw=True) == "bad_request"
            assert reason("PUT", ",".join(values)) == "bad_request"
            assert reason("PUT", ", ".join(values), raw=True) == "bad_request"


def test_a_condition_is_not_met_by_the_first_of_two_values_that_envoy_joins(
    modes, upstream, tmp_path
):
    envoy = Envoy(tmp_path, modes.port, upstream.port)
    try:
        assert envoy.request("PUT", "/d/D1", modes_of("read")).status == 200
        assert envoy.request("PUT", "/d/D1", modes_of("write")).status == 403
        before = len(upstream.seen)
        for values in (["write", "read"], ["read", "write"], ["write", "write"]):
            answer = envoy.request("PUT", "/d/D1", modes_of(*values))
            assert (answer.status, answer.json()["reason"]) == (403, "bad_request")
        assert len(upstream.seen) == before and envoy.count("error") == 0
    finally:
        envoy.close()


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A server whose routes take the workspace from a header."""
    directory = tmp_path_factory.mktemp("p")
    table = directory / "own.routes.yaml"
    table.write_text(
        "apiVersion: verdict.routes/v1\nmodel: rudderstack\nroutes:\n"
        "  - {match: GET /w, workspace: header.x-workspace, check: view}\n"
    )
    policy = world.write(api_world.document(), directory / "acme.json")
    with Sidecar(directory, "--policy", policy, "--routes", table, loops=1) as sidecar:
        yield sidecar


def place_of(value):
    return [("authorization", bearer("reader")["authorization"]), ("x-workspace", value)]


NO_TEXTS = [b"\xff", b"prod\xc3", b"\xed\xa0\x80"]


@pytest.mark.parametrize("value", NO_TEXTS)
def test_what_is_no_text_gets_into_no_answer(places, value):
    with Asker(places.tcp) as ask:
        assert ask("GET", "/w", place_of(b"prod"), raw=True).allowed
        answer = ask("GET", "/w", place_of(value), raw=True)
        assert answer.reason == "invalid_id" and "workspace" not in answer.metadata


def test_what_is_no_text_does_not_pass_where_failures_do(places, upstream, tmp_path):
    def change(filters, _):
        ext_authz(filters).update(encode_raw_headers=True, failure_mode_allow=True)

    envoy = Envoy(tmp_path, places.port, upstream.port, change)
    try:
        assert envoy.request("GET", "/w", place_of(b"prod")).status == 200
        before = len(upstream.seen)
        for value in NO_TEXTS:
            assert envoy.request("GET", "/w", place_of(value)).status == 403
        assert len(upstream.seen) == before and envoy.count("error") == 0
    finally:
        envoy.close()


def test_sets_that_nobody_vouches_for_allow_nothing(upstream, tmp_path):
    """A set that allows more arrives without signature, by another key, with its own key beside it,
    and from the past; the answers stay those of the set before, through Envoy too."""
    key, other = keygen(tmp_path / "key"), keygen(tmp_path / "other")
    control = tmp_path / "control"

    def write(grants, number):
        document = api_world.document()
        edit = ["D1", "D2"] if grants else ["D2"]
        document["tokens"]["service"][0]["policy"] = {"resources": {"destination": {"edit": edit}}}
        return world.write(document, tmp_path / f"{number}.json")

    def bring(into, grants, number, *flags):
        verdict("publish", write(grants, number), "--control", into, *flags)

    sign = ("--key", f"{key}.key")
    bring(control, True, 1, *sign)
    bring(control, False, 2, *sign)
    layout = Layout(control)
    forged = {}
    for name in ("unsigned", "other", "own key", "older"):
        copy = forged[name] = layout.copy(tmp_path / "next" / name.replace(" ", "-"))
        if name == "older":
            copy.point("current", copy.ref("g1"))
        else:
            bring(copy.path, True, 3, *(sign if name == "unsigned" else ("--key", f"{other}.key")))
        if name == "unsigned":
            copy.edit_set(lambda set: set["annotations"].pop("dev.verdict.signature"))
        if name == "own key":
            text = (tmp_path / "other.pub").read_text().strip()
            copy.edit_set(lambda set: set["annotations"].update({"dev.verdict.public": text}))
    words = ("--control", control, "--trust", f"{key}.pub", "--state", tmp_path / "state")

    def refusals(sidecar):
        return [one for one in sidecar.records() if one["message"] == "policies refused"]

    with Sidecar(tmp_path / "v", *words, loops=1) as sidecar, Asker(sidecar.tcp) as ask:
        envoy = Envoy(tmp_path / "envoy", sidecar.port, upstream.port)
        try:
            for name, arrived in forged.items():
                count = len(refusals(sidecar))
                layout.take(arrived)
                wait_until(lambda: len(refusals(sidecar)) > count, f"{name} is refused")
                assert ask("PUT", D1, bearer("ci")).reason == "resource_not_in_scope", name
                assert envoy.request("PUT", D1, bearer("ci")).status == 403, name
                assert envoy.request("PUT", "/v2/destinations/D2", bearer("ci")).status == 200
            assert envoy.count("error") == 0
        finally:
            envoy.close()
    # The older one is still there at the next start.
    with Sidecar(tmp_path / "w", *words, loops=1) as sidecar, Asker(sidecar.tcp) as ask:
        wait_until(lambda: refusals(sidecar), "it is refused after a restart")
        assert not ask("PUT", D1, bearer("ci")).allowed
        assert ask("PUT", "/v2/destinations/D2", bearer("ci")).allowed
